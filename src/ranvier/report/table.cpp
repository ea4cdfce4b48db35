#include "ranvier/report/table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace ranvier {

namespace {

/// Characters of UTF-8 text: bytes that do not continue another.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// Scales by thousands: the value and the index of its prefix.
template <std::size_t n>
std::string prefixed(double value, const std::array<const char*, n>& prefixes) {
    std::size_t k = 0;
    while (k + 1 < n && std::abs(value) >= 999.95) {
        value /= 1000;
        ++k;
    }
    return fmt::format("{:.4g}{}", value, prefixes.at(k));
}

}  // namespace

Table::Table(std::vector<std::string> header) {
    rows_.push_back(std::move(header));
}

void Table::add_row(std::vector<std::string> cells) {
    cells.resize(rows_.front().size());
    for (std::string& cell : cells) cell = printable(std::move(cell));
    rows_.push_back(std::move(cells));
}

std::string Table::text() const {
    std::vector<std::size_t> widths(rows_.front().size(), 0);
    for (const auto& row : rows_)
        for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width(row[c]));

    std::string text;
    std::size_t total = 0;
    for (const std::size_t w : widths) total += w + 2;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
        std::string line;
        for (std::size_t c = 0; c < widths.size(); ++c) {
            const std::string& cell = rows_[r][c];
            if (c > 0) line += "  ";
            if (c == 0) line += cell;
            line.append(widths[c] - width(cell), ' ');
            if (c > 0) line += cell;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
        if (r == 0) text += std::string(total - 2, '-') + "\n";
    }
    return text;
}

std::string count_text(double count) {
    return prefixed(count, std::array{"", " k", " M", " G", " T"});
}

std::string energy_text(double picojoule) {
    return prefixed(picojoule, std::array{" pJ", " nJ", " uJ", " mJ", " J"});
}

std::string percent_text(double fraction) {
    return fmt::format("{:.2f} %", 100 * fraction);
}

std::string printable(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20U || c == 0x7F) c = '?';
    return text;
}

}  // namespace ranvier
