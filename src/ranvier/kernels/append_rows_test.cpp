#include "ranvier/kernels/append_rows.hpp"

#include "ranvier/kernels/isa_test_loop.hpp"
#include "ranvier/kernels/row_lists_test_support.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"

namespace ranvier {
namespace {

TEST(AppendRows, ByHand) {
    OwnedLists from;
    from.add({1, 7}, {0.5F, 2});
    from.add({}, {});
    from.add({65535}, {3});
    const RowLists lists = from.lists(true);
    on_every_isa([&](const std::string& isa) {
        std::vector<std::uint16_t> rows(3 * 40, 9);
        std::vector<float> values(rows.size(), 9);
        std::vector<std::uint32_t> end = {1, 40, 80};
        append_rows({lists.rows, lists.values, lists.begin, lists.end, 1, 3}, 10,
                    {rows.data(), values.data(), end.data()});
        EXPECT_EQ(end, (std::vector<std::uint32_t>{3, 40, 81})) << isa;
        EXPECT_EQ(rows[0], 9) << isa;  // was there before
        EXPECT_EQ(rows[1], 11) << isa;
        EXPECT_EQ(rows[2], 17) << isa;
        EXPECT_EQ(rows[80], 9) << isa;  // modulo 2^16
        EXPECT_EQ(values[2], 2) << isa;
        EXPECT_EQ(values[80], 3) << isa;
    });
}

TEST(AppendRows, EveryInstructionSetAppendsAlike) {
    testing::check_property([] {
        constexpr std::size_t room = 200;
        OwnedLists first, second;
        const auto n_steps = *rc::gen::inRange<std::size_t>(0, 6);
        for (OwnedLists* lists : {&first, &second})
            for (std::size_t s = 0; s < n_steps; ++s) {
                const auto n = *rc::gen::inRange<std::size_t>(0, 80);
                std::vector<std::uint16_t> rows(n);
                for (std::size_t k = 0; k < n; ++k) rows[k] = static_cast<std::uint16_t>(3 * k + s);
                lists->add(rows, std::vector<float>(n, static_cast<float>(s) + 0.5F));
            }
        const bool valued = *rc::gen::arbitrary<bool>();
        const auto run = [&](auto append) {
            std::vector<std::uint16_t> rows(n_steps * room);
            std::vector<float> values(rows.size());
            std::vector<std::uint32_t> end;
            for (std::size_t s = 0; s < n_steps; ++s)
                end.push_back(static_cast<std::uint32_t>(s * room));
            std::uint16_t add = 1;
            for (OwnedLists* owned : {&first, &second}) {
                const RowLists l = owned->lists(valued);
                append({l.rows, l.values, l.begin, l.end, 1, n_steps}, add,
                       {rows.data(), values.data(), end.data()});
                add = 1000;
            }
            std::vector<std::vector<float>> result;  // what the lists hold, and nothing behind
            for (std::size_t s = 0; s < n_steps; ++s) {
                auto& list = result.emplace_back();
                for (std::size_t k = s * room; k < end[s]; ++k) {
                    list.push_back(rows[k]);
                    list.push_back(values[k]);
                }
            }
            return result;
        };
        const auto expected = run(append_rows_reference);
        on_every_isa([&](const std::string&) { RC_ASSERT(run(append_rows) == expected); });
    });
}

}  // namespace
}  // namespace ranvier
