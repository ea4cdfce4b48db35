#include "ranvier/c/guard.hpp"

#include "ranvier/c/ranvier.h"

namespace ranvier::c_api {

namespace {

constexpr std::size_t longest_message = 1023;

char* message_of_thread() noexcept {
    thread_local char message[longest_message + 1] = "";
    return message;
}

/// Inside a UTF-8 character, behind its first byte.
bool continues(char c) noexcept {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

int keep_error(int code, const char* message) noexcept {
    std::size_t n = std::strlen(message);
    if (n > longest_message)
        for (n = longest_message; n > 0 && continues(message[n]);) --n;
    char* kept = message_of_thread();
    std::transform(message, message + n, kept, [](char c) {
        const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
        return control ? '?' : c;  // one line
    });
    kept[n] = '\0';
    return code;
}

const char* last_error() noexcept {
    return message_of_thread();
}

int code_of(Fault fault) noexcept {
    switch (fault) {
        case Fault::usage:
            return RANVIER_USAGE;
        case Fault::bad_input:
            return RANVIER_BAD_INPUT;
        case Fault::unsupported:
            return RANVIER_UNSUPPORTED;
        case Fault::io:
            return RANVIER_IO;
        case Fault::internal:
            break;
    }
    return RANVIER_INTERNAL;
}

}  // namespace ranvier::c_api
