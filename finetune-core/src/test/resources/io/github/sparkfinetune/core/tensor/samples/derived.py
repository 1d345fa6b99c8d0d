from core.tensor.samples.unimportant import Unimportant
from torch import Tensor


class Derived(
    Unimportant,
):
    size: int

    def one(self, x: Tensor) -> Tensor:
        return x + self.size
