#pragma once

namespace ranvier {

/// The whole program: parses the command line, runs the command, reports errors on standard error
/// as one line "ranvier: error: ...".
/// @return the exit code: 0 ok, 2 usage, 3 bad input, 4 unsupported, 5 I/O, 70 internal, 130
///         interrupted.
[[nodiscard]] int run_program(int argc, const char* const* argv) noexcept;

}  // namespace ranvier
