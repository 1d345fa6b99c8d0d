#!/usr/bin/env bash
# prepare against datasets.map(num_proc=2) + to_parquet, alternating. Needs a Python with datasets and transformers.
#   submit/bench/prepare/run.sh PYTHON MODEL_FOLDER FOLDER_OF_LABEL_FOLDERS [MILLIONS_OF_TOKENS] [PAIRS]
set -euo pipefail
cd "$(dirname "$0")/../../.."
python=$1 model=$(realpath "$2") texts=$(realpath "$3") millions=${4:-50} pairs=${5:-3}
here=$PWD/submit/bench/prepare
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

./mvnw -q -B -pl spark-jobs -am test-compile dependency:build-classpath -Dmdep.outputFile=target/classpath.txt
opens=$(./mvnw -q -B help:evaluate -Dexpression=spark.opens -DforceStdout -N)
classpath=$(ls -d "$PWD"/*/target/classes | tr '\n' ':')$(cat spark-jobs/target/classpath.txt)

"$python" "$here/make_text.py" "$model" "$texts" "$work/text.jsonl" "$millions"
cat "$work/text.jsonl" > /dev/null
# Beside the wall clock: seconds of CPU, which say more than it on a machine that others use.
TIMEFORMAT='     cpu_s user %U system %S'
for pair in $(seq "$pairs"); do
    time SPARK_LOCAL_IP=127.0.0.1 java $opens -Xmx3g -cp "$classpath" "$here/PrepareBench.java" \
        "$model" "$work/text.jsonl" "$work/ours" 2> "$work/ours.log" || { cat "$work/ours.log" >&2; exit 1; }
    rm -rf "$work/ours"
    time "$python" "$here/peer.py" "$model" "$work/text.jsonl" "$work/peer" 2> "$work/peer.log" || { cat "$work/peer.log" >&2; exit 1; }
    rm -rf "$work/peer"
done
