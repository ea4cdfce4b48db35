#pragma once

#include <cstddef>
#include <dnnl.hpp>
#include <vector>

namespace ranvier {

/// Decides while a plan is made which values share a buffer. Memory objects get their address at
/// the end, when the final size of every buffer is known.
class BufferPlan {
public:
    using Slot = std::size_t;

    /// A buffer of at least `bytes` that is free at this point of the plan.
    Slot take(std::size_t bytes);
    void give_back(Slot slot) { slots_[slot].free = true; }

    /// A memory object that will lie at the start of `slot`.
    dnnl::memory place(const dnnl::memory::desc& desc, const dnnl::engine& engine, Slot slot);

    [[nodiscard]] std::size_t n_slots() const noexcept { return slots_.size(); }
    [[nodiscard]] std::size_t bytes(Slot slot) const { return slots_[slot].bytes; }
    void set_address(Slot slot, void* address);

private:
    struct SlotState {
        std::size_t bytes = 0;
        bool free = false;
        std::vector<dnnl::memory> memories;
    };
    std::vector<SlotState> slots_;
};

}  // namespace ranvier
