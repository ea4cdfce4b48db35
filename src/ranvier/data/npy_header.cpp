#include "ranvier/data/npy_header.hpp"

#include "ranvier/base/error.hpp"

#include <charconv>
#include <set>

namespace ranvier {

namespace {

constexpr std::uint64_t max_dim = std::uint64_t{1} << 63;
constexpr std::size_t max_dims = 32;  // NumPy's own limit

class Parser {
public:
    Parser(std::string_view text, const std::string& where) : text_(text), where_(where) {}

    NpyHeader parse() {
        NpyHeader header;
        std::set<std::string> keys;
        expect('{');
        while (!take('}')) {
            const std::string key = quoted();
            if (!keys.insert(key).second) refuse("has a key twice");
            expect(':');
            if (key == "descr")
                header.descr = quoted();
            else if (key == "fortran_order")
                header.fortran_order = boolean();
            else if (key == "shape")
                header.shape = tuple();
            else
                refuse("has a key that is none of descr, fortran_order, shape");
            if (!take(',') && peek() != '}') refuse("has no comma between two keys");
        }
        if (keys.size() != 3) refuse("lacks one of descr, fortran_order, shape");
        if (peek() != '\0') refuse("goes on behind its dictionary");
        return header;
    }

private:
    [[noreturn]] void refuse(const char* what) const {
        fail(Fault::bad_input,
             "{}: the .npy header {} (at character {}); write the file with numpy.save", where_,
             what, at_);
    }
    /// The next character that is no space, or 0 at the end.
    char peek() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool take(char c) {
        if (c != peek() || at_ >= text_.size()) return false;
        ++at_;
        return true;
    }
    void expect(char c) {
        if (!take(c)) refuse("is no dictionary of descr, fortran_order and shape");
    }
    std::string quoted() {
        const char quote = peek();
        if (quote != '\'' && quote != '"') refuse("has something else where a string must be");
        const std::size_t end = text_.find(quote, at_ + 1);
        if (end == std::string_view::npos) refuse("has a string without end");
        std::string value(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
        return value;
    }
    bool boolean() {
        (void)peek();
        for (const std::string_view word : {"True", "False"})
            if (text_.substr(at_).starts_with(word)) {
                at_ += word.size();
                return word == "True";
            }
        refuse("has a fortran_order that is neither True nor False");
    }
    std::vector<std::uint64_t> tuple() {
        std::vector<std::uint64_t> values;
        expect('(');
        while (!take(')')) {
            (void)peek();
            std::uint64_t value = 0;
            const auto [end, error] =
                std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
            if (error != std::errc() || value >= max_dim || values.size() == max_dims)
                refuse("has a shape that is no tuple of dimensions");
            at_ = static_cast<std::size_t>(end - text_.data());
            values.push_back(value);
            if (!take(',') && peek() != ')') refuse("has a shape that is no tuple of dimensions");
        }
        return values;
    }

    std::string_view text_;
    const std::string& where_;
    std::size_t at_ = 0;
};

}  // namespace

NpyHeader parse_npy_header(std::string_view text, const std::string& where) {
    return Parser(text, where).parse();
}

}  // namespace ranvier
