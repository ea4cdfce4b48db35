#pragma once

#include "ranvier/engine/conv_weights.hpp"
#include "ranvier/engine/currents.hpp"
#include "ranvier/kernels/row_lists.hpp"

namespace ranvier {

/// Finds the rows of a piece of the weights whose inputs spike in a cell's window.
class RowGather {
public:
    RowGather(const ConvWeights& weights, const SignalPlan& plan) : w_(weights), plan_(plan) {}

    /// One list per step of the request. Rows are counted from the tap's channel 0 where a tile is
    /// of one tap, so that the signal's lists can be used as they are; see first_row().
    /// Lists for rows of bits are padded, see kernels/bit_rows.hpp.
    /// @return valid until the signal or the scratch changes.
    [[nodiscard]] RowLists lists(const CurrentsRequest& request, const Cell& cell,
                                 const Signal& source, const WeightTile& tile, std::size_t block,
                                 Scratch& scratch) const;

    /// What the first row of a tile is called in its lists.
    [[nodiscard]] static std::size_t first_row(const WeightTile& tile) {
        return tile.parts.size() == 1 ? tile.parts[0].first_channel : 0;
    }

private:
    struct Steps;
    [[nodiscard]] Steps common_steps(const CurrentsRequest& r) const;
    [[nodiscard]] RowLists taken(const CurrentsRequest& r, const Signal::PlaceLists& lists,
                                 std::size_t first, std::size_t last, Scratch& scratch) const;
    void append(const CurrentsRequest& r, const Signal::PlaceLists& lists, std::size_t first,
                std::size_t last, std::size_t add, Scratch& scratch) const;
    void append_slowly(const CurrentsRequest& r, const Signal& source, const Cell& from,
                       const ConvWeights::Range& channels, std::size_t row, Scratch& scratch) const;

    const ConvWeights& w_;
    const SignalPlan& plan_;
};

}  // namespace ranvier
