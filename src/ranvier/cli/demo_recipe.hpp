#pragma once

namespace ranvier {

/// experiments/demo.toml, compiled in so that the demonstration needs no file.
extern const char* const demo_recipe;

}  // namespace ranvier
