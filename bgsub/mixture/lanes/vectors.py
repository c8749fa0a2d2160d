"""Vectors of sixteen lanes, made known to Numba.

Numba vectorises some loops by itself, and gives up on others without a word. Here a value *is* sixteen lanes wide:
LLVM turns ``a * b`` into whatever the processor has (AVX-512, AVX2, SSE2, NEON).

Numba's cache watches the file of the function that it caches, not this one: after a change here, touch the kernels.
"""

from __future__ import annotations

import operator
from functools import partial

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model
from numba.np.unsafe.ndarray import to_fixed_tuple

from bgsub.mixture.compiled import cached
from bgsub.mixture.lanes.processor import features

to_tuple = to_fixed_tuple
"""The first numbers of an array, so many as a constant says."""
LANES = 16
OPTIONS: dict[str, bool] = {}


class Vector(types.Type):
    """Numba's type of LANES values."""

    def __init__(self, dtype):
        super().__init__(name=f"Vector({dtype} x {LANES})")


FLOATS = Vector(types.float32)
TRUTHS = Vector(types.boolean)
HAS_BITS = "+avx512f" in features()
"""Whether the processor compares to bits and selects by them. Others do so with words, of all ones or zeros, and make
bits and words of each other again and again if truth values are kept as bits."""
LLVM = {FLOATS: ir.VectorType(ir.FloatType(), LANES), TRUTHS: ir.VectorType(ir.IntType(1 if HAS_BITS else 32), LANES)}
BYTES = ir.VectorType(ir.IntType(8), LANES)
INDEX = ir.IntType(32)
LLVM_OF = {types.uint8: ir.IntType(8), types.uint16: ir.IntType(16), types.float32: ir.FloatType()}


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, LLVM[fe_type])


def _operator(symbol, operand, result, build):
    """Teach Numba an operator between two vectors: its type, and the LLVM instruction."""

    class Template(AbstractTemplate):
        def generic(self, args, kws):
            return signature(result, *args) if args == (operand, operand) else None

    infer_global(symbol)(Template)
    lower_builtin(symbol, operand, operand)(lambda context, builder, sig, args: build(builder, *args))


_operator(operator.add, FLOATS, FLOATS, lambda builder, a, b: builder.fadd(a, b))
_operator(operator.sub, FLOATS, FLOATS, lambda builder, a, b: builder.fsub(a, b))
_operator(operator.mul, FLOATS, FLOATS, lambda builder, a, b: builder.fmul(a, b))
_operator(operator.truediv, FLOATS, FLOATS, lambda builder, a, b: builder.fdiv(a, b))
_operator(operator.and_, TRUTHS, TRUTHS, lambda builder, a, b: builder.and_(a, b))
_operator(operator.or_, TRUTHS, TRUTHS, lambda builder, a, b: builder.or_(a, b))
for _symbol, _name in ((operator.lt, "<"), (operator.le, "<="), (operator.eq, "=="), (operator.gt, ">")):
    _operator(_symbol, FLOATS, TRUTHS, lambda builder, a, b, name=_name: _compared(builder, name, a, b))


def _compared(builder, symbol, a, b):
    """Truth values, as they are kept."""
    bits = builder.fcmp_ordered(symbol, a, b)
    return bits if HAS_BITS else builder.sext(bits, LLVM[TRUTHS])


def _bits(builder, truths):
    """Bits of truth values; of words it is the sign that processors select by."""
    if HAS_BITS:
        return truths
    return builder.icmp_signed("<", truths, ir.Constant(truths.type, [0] * truths.type.count))


def _half(builder, truths, first):
    """Half of them."""
    lanes = range(first, first + LANES // 2)
    return builder.shuffle_vector(truths, truths, ir.Constant(ir.VectorType(INDEX, len(lanes)), list(lanes)))


def _place(builder, pointer, offset, llvm_type):
    """The address of a vector in memory."""
    return builder.bitcast(builder.gep(pointer, [offset]), llvm_type.as_pointer())


def _describe_volatile(stored, lines):
    """Write a store as one that is to be done as it stands.

    Else LLVM makes one store to some lanes of what was loaded, selected and stored again. With AVX2 that is slow: on
    AMD's Zen 3 it was a third of the time in which `Adaptive` learns.
    """
    value, place = stored.operands
    lines.append(f"store volatile {value.type} {value.get_reference()}, {place.type} {place.get_reference()}, "
                 f"align {stored.align}\n")


@intrinsic
def pointer(typingctx, array):
    """The address of an array's first element: it indexes like the array, but is not reference-counted."""

    def codegen(context, builder, sig, args):
        return context.make_array(sig.args[0])(context, builder, args[0]).data

    return types.CPointer(array.dtype)(array), codegen


@intrinsic
def load(typingctx, numbers, offset):
    """LANES float32 from a pointer, beginning at an offset."""

    def codegen(context, builder, sig, args):
        return builder.load(_place(builder, *args, LLVM[FLOATS]), align=4)

    return FLOATS(numbers, types.int64), codegen


@intrinsic
def store(typingctx, numbers, offset, values):
    """Write LANES float32 to a pointer, beginning at an offset."""

    def codegen(context, builder, sig, args):
        stored = builder.store(args[2], _place(builder, args[0], args[1], LLVM[FLOATS]), align=4)
        stored.descr = partial(_describe_volatile, stored)
        return context.get_dummy_value()

    return types.void(numbers, types.int64, FLOATS), codegen


@intrinsic
def load_colours(typingctx, image, pixel, channels):
    """The colours of LANES pixels of an interleaved image, as float32: a tuple of vectors, one for each channel."""
    count = len(channels)
    scalar = LLVM_OF[image.dtype]

    def codegen(context, builder, sig, args):
        start = builder.mul(args[1], ir.Constant(args[1].type, count))
        together = builder.load(_place(builder, args[0], start, ir.VectorType(scalar, LANES * count)),
                                align=image.dtype.bitwidth // 8)
        planes = []
        for channel in range(count):
            lanes = ir.Constant(ir.VectorType(INDEX, LANES), [lane * count + channel for lane in range(LANES)])
            plane = together if count == 1 else builder.shuffle_vector(together, together, lanes)
            planes.append(plane if image.dtype == types.float32 else builder.uitofp(plane, LLVM[FLOATS]))
        return context.make_tuple(builder, sig.return_type, planes)

    return types.UniTuple(FLOATS, count)(image, types.int64, channels), codegen


@intrinsic
def load_bytes(typingctx, numbers, offset):
    """LANES bytes, as float32."""

    def codegen(context, builder, sig, args):
        values = builder.load(_place(builder, *args, BYTES), align=1)
        return builder.uitofp(values, LLVM[FLOATS])

    return FLOATS(numbers, types.int64), codegen


@intrinsic
def store_bytes(typingctx, numbers, offset, values):
    """Write LANES whole numbers, 0 to 255, as bytes."""

    def codegen(context, builder, sig, args):
        values = builder.fptoui(args[2], BYTES)
        builder.store(values, _place(builder, args[0], args[1], BYTES), align=1)
        return context.get_dummy_value()

    return types.void(numbers, types.int64, FLOATS), codegen


@intrinsic
def splat(typingctx, value):
    """The same float32 in all lanes."""

    def codegen(context, builder, sig, args):
        one = builder.insert_element(ir.Constant(LLVM[FLOATS], ir.Undefined), args[0], ir.Constant(INDEX, 0))
        return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(INDEX, LANES), [0] * LANES))

    return FLOATS(types.float32), codegen


@intrinsic
def select(typingctx, where, yes, no):
    """Lane by lane, ``yes if where else no``."""

    def codegen(context, builder, sig, args):
        return builder.select(_bits(builder, args[0]), *args[1:])

    return yes(TRUTHS, yes, yes), codegen


@intrinsic
def root(typingctx, values):
    """The square root of each lane, rounded as IEEE 754 has it."""

    def codegen(context, builder, sig, args):
        kind = ir.FunctionType(LLVM[FLOATS], [LLVM[FLOATS]])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.v{LANES}f32"), args)

    return FLOATS(FLOATS), codegen


@intrinsic
def negate(typingctx, where):
    """Lane by lane, ``not where``."""

    def codegen(context, builder, sig, args):
        return builder.not_(args[0])

    return TRUTHS(TRUTHS), codegen


@intrinsic
def any_lane(typingctx, where):
    """Whether any lane is true."""

    def codegen(context, builder, sig, args):
        truths = args[0] if HAS_BITS else builder.or_(*(_half(builder, args[0], first) for first in (0, LANES // 2)))
        bits = builder.bitcast(_bits(builder, truths), ir.IntType(truths.type.count))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    return types.boolean(TRUTHS), codegen


@intrinsic
def get_lane(typingctx, values, lane):
    """One lane's number."""

    def codegen(context, builder, sig, args):
        return builder.extract_element(args[0], builder.trunc(args[1], INDEX))

    return types.float32(FLOATS, types.int64), codegen


@intrinsic
def set_lane(typingctx, values, lane, value):
    """The vector with one lane's number replaced."""

    def codegen(context, builder, sig, args):
        return builder.insert_element(args[0], args[2], builder.trunc(args[1], INDEX))

    return FLOATS(FLOATS, types.int64, types.float32), codegen


@cached(error_model="numpy")
def _tried(numbers, marks, picture, zero, channels):
    """Everything above once."""
    numbers, marks, picture = pointer(numbers), pointer(marks), pointer(picture)
    blue, green, red = load_colours(picture, 0, channels)
    values = load(numbers, 0) * splat(zero) + blue / (green - red) + load_bytes(marks, 0)
    where = (values < green) & negate(values == red) | (values <= splat(zero)) & (values > green)
    if any_lane(where):
        values = set_lane(select(where, values, splat(zero)), 3, get_lane(red, 2))
    values = root(values * values)  # none is negative
    store(numbers, 0, values)
    store_bytes(marks, 0, values)


def try_out() -> None:
    """Compile, or take from the cache, a small function of everything above, and check what it computes.

    Raises
    ------
    Exception
        Of whatever kind, if this Numba or this processor cannot.
    """
    numbers, marks = np.zeros(LANES, np.float32), np.arange(LANES, dtype=np.uint8)
    picture = np.tile(np.array([12, 9, 5], np.uint8), LANES)
    _tried(numbers, marks, picture, np.float32(0), (0, 1, 2))
    expected = [lane + 3.0 if lane < 6 and lane != 2 else 0.0 for lane in range(LANES)]
    expected[3] = 5.0
    if numbers.tolist() != expected or marks.tolist() != expected:
        raise ArithmeticError(f"vectors give {numbers.tolist()}, expected {expected}")
