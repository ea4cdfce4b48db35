// Included once per instruction set, after highway.h; so it has no include guard.

HWY_BEFORE_NAMESPACE();
namespace ranvier::HWY_NAMESPACE {
namespace {

/// The bits that two of three have.
template <typename V>
HWY_INLINE V majority(V a, V b, V c) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
    if constexpr (sizeof(V) == 64) return V{_mm512_ternarylogic_epi32(a.raw, b.raw, c.raw, 0xE8)};
    if constexpr (sizeof(V) == 32) return V{_mm256_ternarylogic_epi32(a.raw, b.raw, c.raw, 0xE8)};
    if constexpr (sizeof(V) == 16) return V{_mm_ternarylogic_epi32(a.raw, b.raw, c.raw, 0xE8)};
#endif
    return hwy::HWY_NAMESPACE::Or(hwy::HWY_NAMESPACE::And(a, b),
                                  hwy::HWY_NAMESPACE::And(c, hwy::HWY_NAMESPACE::Or(a, b)));
}

/// Carry-save adder: a + b + `sum` = new `sum` + 2 * returned, bit by bit.
template <typename V>
HWY_INLINE V carry_save(V& sum, V a, V b) {
    const V carry = majority(sum, a, b);
    sum = hwy::HWY_NAMESPACE::Xor3(sum, a, b);
    return carry;
}

}  // namespace
}  // namespace ranvier::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
