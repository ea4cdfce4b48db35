#pragma once

#include <string>
#include <vector>

namespace ranvier {

/// A table for the terminal: columns as wide as their content, the first flush left, the others
/// flush right. Control characters in cells are shown as '?', since names come from files.
class Table {
public:
    explicit Table(std::vector<std::string> header);
    /// Missing cells stay empty; more cells than the header has are ignored.
    void add_row(std::vector<std::string> cells);
    /// Lines without trailing spaces; a rule stands below the header.
    [[nodiscard]] std::string text() const;

private:
    std::vector<std::vector<std::string>> rows_;  ///< the header first
};

/// "12.3 k", "4.56 M": four significant digits and a decimal prefix.
[[nodiscard]] std::string count_text(double count);
/// "1.234 nJ" from picojoule.
[[nodiscard]] std::string energy_text(double picojoule);
/// "97.60 %" from a fraction.
[[nodiscard]] std::string percent_text(double fraction);
/// `text` with control characters replaced by '?', so that it stays on its line.
[[nodiscard]] std::string printable(std::string text);

}  // namespace ranvier
