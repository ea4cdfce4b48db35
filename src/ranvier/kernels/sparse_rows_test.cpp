#include "ranvier/kernels/sparse_rows.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <rapidcheck.h>
#include <vector>

namespace ranvier {
namespace {

TEST(SparseRows, AreWhatThePlainLoopGives) {
    testing::check_property([] {
        const auto integer = [](int low, int high) { return *rc::gen::inRange(low, high); };
        SparseMatrix graph{integer(1, 8), integer(1, 8), {0}, {}, {}};
        for (std::int64_t r = 0; r < graph.n_rows; ++r) {
            for (std::int32_t c = 0; c < graph.n_columns; ++c)
                if (integer(0, 2) == 0) {
                    graph.column.push_back(c);
                    graph.value.push_back(static_cast<float>(integer(-2, 3)));
                }
            graph.row_start.push_back(static_cast<std::int64_t>(graph.value.size()));
        }
        RC_ASSERT(sparse_fault(graph).empty());
        const auto width = static_cast<std::size_t>(integer(1, 150));
        std::vector<float> dense(static_cast<std::size_t>(graph.n_columns) * width);
        for (std::size_t i = 0; i < dense.size(); ++i) dense[i] = static_cast<float>(i % 23) - 11;
        std::vector<float> expected(static_cast<std::size_t>(graph.n_rows) * width, 7.0F);
        std::vector<float> got = expected;
        const std::int64_t first = integer(0, static_cast<int>(graph.n_rows));
        for (auto r = static_cast<std::size_t>(first); r < static_cast<std::size_t>(graph.n_rows);
             ++r)
            for (std::size_t c = 0; c < width; ++c) {
                float& sum = expected[r * width + c] = 0;
                for (auto e = static_cast<std::size_t>(graph.row_start[r]);
                     e < static_cast<std::size_t>(graph.row_start[r + 1]); ++e)
                    sum += graph.value[e] *
                           dense[static_cast<std::size_t>(graph.column[e]) * width + c];
            }
        gather_rows(graph, graph.value, dense.data(), width, first, graph.n_rows, got.data());
        RC_ASSERT(got == expected);  // small integers: exact
    });
}

TEST(SparseRows, FaultsAreNamed) {
    const SparseMatrix sound{2, 2, {0, 1, 3}, {1, 0, 1}, {1, 2, 3}};
    EXPECT_EQ(sparse_fault(sound), "");
    SparseMatrix matrix = sound;
    matrix.column[1] = 2;
    EXPECT_NE(sparse_fault(matrix), "");
    matrix = sound;
    matrix.column = {1, 1, 1};
    EXPECT_NE(sparse_fault(matrix), "");
    matrix = sound;
    matrix.row_start = {0, 4, 3};
    EXPECT_NE(sparse_fault(matrix), "");
    matrix = sound;
    matrix.value[0] = 1.0F / 0.0F;
    EXPECT_NE(sparse_fault(matrix), "");
    matrix = sound;
    matrix.row_start.pop_back();
    EXPECT_NE(sparse_fault(matrix), "");
}

}  // namespace
}  // namespace ranvier
