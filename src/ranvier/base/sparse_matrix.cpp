#include "ranvier/base/sparse_matrix.hpp"

#include <cmath>
#include <fmt/format.h>

namespace ranvier {

std::string sparse_fault(const SparseMatrix& m) {
    const auto n_entries = static_cast<std::int64_t>(m.value.size());
    if (m.n_rows < 0 || m.n_columns < 0 || m.n_columns > INT32_MAX ||
        m.row_start.size() != static_cast<std::size_t>(m.n_rows) + 1 || m.row_start[0] != 0 ||
        m.row_start.back() != n_entries || m.column.size() != m.value.size())
        return fmt::format("{} rows, {} row starts, {} columns and {} values do not fit together",
                           m.n_rows, m.row_start.size(), m.column.size(), m.value.size());
    for (std::size_t r = 0; r + 1 < m.row_start.size(); ++r) {
        if (m.row_start[r + 1] < m.row_start[r] || m.row_start[r + 1] > n_entries)
            return fmt::format("row {} ends before it begins", r);
        for (auto k = static_cast<std::size_t>(m.row_start[r]);
             k < static_cast<std::size_t>(m.row_start[r + 1]); ++k) {
            const bool first = k == static_cast<std::size_t>(m.row_start[r]);
            if (m.column[k] < 0 || m.column[k] >= m.n_columns ||
                (!first && m.column[k] <= m.column[k - 1]))
                return fmt::format("row {} has column {}; columns must ascend from 0 to below {}",
                                   r, m.column[k], m.n_columns);
            if (!std::isfinite(m.value[k])) return fmt::format("row {} holds {}", r, m.value[k]);
        }
    }
    return {};
}

}  // namespace ranvier
