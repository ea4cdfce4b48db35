#pragma once

#include "ranvier/kernels/row_lists.hpp"

#include <algorithm>
#include <rapidcheck.h>
#include <vector>

namespace ranvier {

/// For tests: lists of rows one behind the other, with a gap after every other one.
struct OwnedLists {
    void add(const std::vector<std::uint16_t>& list, const std::vector<float>& worth = {}) {
        begin.push_back(static_cast<std::uint32_t>(rows.size()));
        rows.insert(rows.end(), list.begin(), list.end());
        values.insert(values.end(), worth.begin(), worth.end());
        end.push_back(static_cast<std::uint32_t>(rows.size()));
        if (begin.size() % 2 == 0) rows.resize(rows.size() + 3, 0xFFFF);
        values.resize(rows.size(), -1.0F);
    }
    /// Followed by fifteen numbers of `row`.
    void add_padded(const std::vector<std::uint16_t>& list, std::uint16_t row) {
        begin.push_back(static_cast<std::uint32_t>(rows.size()));
        rows.insert(rows.end(), list.begin(), list.end());
        end.push_back(static_cast<std::uint32_t>(rows.size()));
        rows.resize(rows.size() + 15, row);
    }
    [[nodiscard]] RowLists lists(bool valued = false) {
        rows.reserve(rows.size() + 32);
        values.reserve(rows.size() + 32);
        return {rows.data(), valued ? values.data() : nullptr, begin.data(), end.data(), 1,
                begin.size()};
    }
    std::vector<std::uint16_t> rows;
    std::vector<float> values;
    std::vector<std::uint32_t> begin, end;
};

template <typename T>
struct RandomRows {
    std::vector<T> weights;  ///< [n_rows][width]
    OwnedLists events;
};

/// Weights of -largest ... largest and up to nine lists.
template <typename T>
RandomRows<T> random_rows(std::size_t width, int largest, int most_events) {
    RandomRows<T> e;
    const auto n_rows = *rc::gen::inRange<std::size_t>(1, 300);
    std::uint32_t state = *rc::gen::inRange<std::uint32_t>(0, 1U << 30);
    const auto next = [&state] { return (state = state * 1664525U + 1013904223U) >> 8; };
    for (std::size_t i = 0; i < n_rows * width; ++i)
        e.weights.push_back(static_cast<T>(
            static_cast<int>(next() % static_cast<std::uint32_t>(2 * largest + 1)) - largest));
    const auto n_lists = *rc::gen::inRange(0, 10);
    for (int l = 0; l < n_lists; ++l) {
        std::vector<std::uint16_t> rows;
        std::vector<float> values;
        const auto n = *rc::gen::inRange(0, most_events);
        for (int i = 0; i < n; ++i) {
            rows.push_back(static_cast<std::uint16_t>(next() % n_rows));
            values.push_back(static_cast<float>(next()) * 0x1p-23F);
        }
        e.events.add(rows, values);
    }
    return e;
}

}  // namespace ranvier
