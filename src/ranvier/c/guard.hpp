#pragma once

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <exception>
#include <new>

namespace ranvier::c_api {

/// Keeps `message` as this thread's last error and returns `code`. Allocates nothing.
int keep_error(int code, const char* message) noexcept;
[[nodiscard]] const char* last_error() noexcept;
[[nodiscard]] int code_of(Fault fault) noexcept;

/// Calls `work`; whatever it throws becomes a code and the last error.
template <typename Work>
int guard(Work&& work) noexcept {
    try {
        work();
        return 0;
    } catch (const Error& error) {
        return keep_error(code_of(error.fault()), error.what());
    } catch (const std::bad_alloc&) {
        return keep_error(code_of(Fault::internal), "out of memory");
    } catch (const std::exception& error) {
        return keep_error(code_of(Fault::internal), error.what());
    } catch (...) {
        return keep_error(code_of(Fault::internal), "an error of unknown type");
    }
}

template <typename T>
void require_pointer(const T* pointer, const char* what) {
    if (pointer == nullptr)
        fail(Fault::usage, "{}: the pointer is null; give the address of one", what);
}

/// A buffer that receives results: of exactly this size, or left out.
template <typename T>
void require_room(const T* buffer, std::size_t given, std::size_t needed, const char* what) {
    if ((buffer == nullptr) != (given == 0) || (buffer != nullptr && given != needed))
        fail(Fault::usage, "{}: there is room for {} values; it takes {}, or null and 0", what,
             buffer == nullptr ? 0 : given, needed);
}

template <typename T>
void require_struct_size(const T& given, const char* what) {
    // The first version's structs; where one grows, its first size stays the least allowed.
    if (given.size < sizeof(T))
        fail(Fault::usage, "{}: its size is {}; set it to sizeof, which is {}", what, given.size,
             sizeof(T));
}

/// The caller's options, all 0 where there are none.
/// @throws Error(unsupported) if fields are set that this version does not know.
template <typename T>
[[nodiscard]] T read_options(const T* given, const char* what) {
    T options{};
    options.size = sizeof(T);
    if (given == nullptr) return options;
    require_struct_size(*given, what);
    const auto* bytes = reinterpret_cast<const unsigned char*>(given);
    if (std::any_of(bytes + sizeof(T), bytes + given->size, [](unsigned char b) { return b != 0; }))
        fail(Fault::unsupported, "{}: has options of a later version; use a later libranvier",
             what);
    return *given;
}

/// Fills the caller's struct; what a later version's struct has more becomes 0.
template <typename T>
void write_struct(T* given, T values, const char* what) {
    require_pointer(given, what);
    require_struct_size(*given, what);
    values.size = given->size;
    std::memset(reinterpret_cast<unsigned char*>(given) + sizeof(T), 0, given->size - sizeof(T));
    *given = values;
}

}  // namespace ranvier::c_api
