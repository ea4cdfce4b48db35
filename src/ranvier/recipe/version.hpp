#pragma once

#include <map>
#include <string>

namespace ranvier {

/// "0.1.0".
[[nodiscard]] std::string program_version();

/// What a result depends on besides its inputs: ranvier, its git revision, compiler, libraries.
[[nodiscard]] std::map<std::string, std::string> versions();

}  // namespace ranvier
