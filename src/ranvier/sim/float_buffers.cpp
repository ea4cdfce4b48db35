#include "ranvier/sim/float_buffers.hpp"

#include <algorithm>

namespace ranvier {

BufferPlan::Slot BufferPlan::take(std::size_t bytes) {
    // The smallest that is large enough; if none is, the largest, which then grows least.
    const auto better = [bytes](const SlotState& a, const SlotState& b) {
        const bool a_fits = a.bytes >= bytes;
        const bool b_fits = b.bytes >= bytes;
        if (a_fits != b_fits) return a_fits;
        return a_fits ? a.bytes < b.bytes : a.bytes > b.bytes;
    };
    auto best = slots_.end();
    for (auto slot = slots_.begin(); slot != slots_.end(); ++slot)
        if (slot->free && (best == slots_.end() || better(*slot, *best))) best = slot;
    if (best == slots_.end()) best = slots_.insert(best, SlotState{});
    best->free = false;
    best->bytes = std::max(best->bytes, bytes);
    return static_cast<Slot>(best - slots_.begin());
}

dnnl::memory BufferPlan::place(const dnnl::memory::desc& desc, const dnnl::engine& engine,
                               Slot slot) {
    dnnl::memory memory(desc, engine, DNNL_MEMORY_NONE);
    slots_[slot].memories.push_back(memory);
    return memory;
}

void BufferPlan::set_address(Slot slot, void* address) {
    for (dnnl::memory& memory : slots_[slot].memories) memory.set_data_handle(address);
}

}  // namespace ranvier
