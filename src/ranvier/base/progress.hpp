#pragma once

#include <cstdint>
#include <string_view>

namespace ranvier {

/// Receives word of long work; the caller decides whether and where it is shown. Ignores
/// everything by default. `advance` may be called from several threads at once.
class Progress {
public:
    virtual ~Progress() = default;
    /// A piece of work begins: `what` ("evaluate"), `total` units ("images").
    virtual void start(std::string_view /*what*/, std::string_view /*unit*/,
                       std::uint64_t /*total*/) {}
    virtual void advance(std::uint64_t /*units*/) {}
    /// A short remark shown behind the bar, for instance "loss 0.12 accuracy 97.1 %".
    virtual void note(std::string_view /*text*/) {}
    virtual void finish() {}
};

/// For callers that want silence.
[[nodiscard]] inline Progress& no_progress() {
    static Progress silent;
    return silent;
}

}  // namespace ranvier
