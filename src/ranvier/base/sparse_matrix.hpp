#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ranvier {

/// Compressed sparse rows: the entries of row r are [row_start[r], row_start[r + 1]), their columns
/// ascending.
struct SparseMatrix {
    std::int64_t n_rows = 0, n_columns = 0;
    std::vector<std::int64_t> row_start = {0};  ///< [n_rows + 1]
    std::vector<std::int32_t> column;           ///< [n_entries]
    std::vector<float> value;                   ///< [n_entries]

    [[nodiscard]] std::size_t n_entries() const noexcept { return value.size(); }
    friend bool operator==(const SparseMatrix&, const SparseMatrix&) = default;
};

/// What is wrong with a matrix, in words; empty if rows and columns are in range, columns ascend
/// within each row, and all values are finite.
[[nodiscard]] std::string sparse_fault(const SparseMatrix& matrix);

}  // namespace ranvier
