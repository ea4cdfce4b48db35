#pragma once

#include "ranvier/base/error.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace ranvier::c_api {

/// A number that no handle of any kind has had before.
[[nodiscard]] inline std::uintptr_t new_handle_number() noexcept {
    static std::atomic<std::uintptr_t> last{0};
    return ++last;
}

/// The open objects of one kind. A handle is a number dressed as a pointer and is never followed,
/// so that one which is closed, or is of another kind, is noticed. Finding takes about 50 ns. An
/// object that is closed while it is used lives until that use ends.
///
/// @tparam Handle  the opaque struct of ranvier.h.
template <typename Handle, typename Object>
class Handles {
public:
    [[nodiscard]] Handle* add(std::shared_ptr<Object> object) {
        const std::uintptr_t number = new_handle_number();
        const std::unique_lock lock(mutex_);
        open_.emplace(number, std::move(object));
        return reinterpret_cast<Handle*>(number);  // NOLINT(performance-no-int-to-ptr)
    }

    /// @throws Error(usage) if it is not open.
    [[nodiscard]] std::shared_ptr<Object> find(const Handle* handle, const char* what) const {
        const std::shared_lock lock(mutex_);
        const auto found = open_.find(reinterpret_cast<std::uintptr_t>(handle));
        if (found == open_.end())
            fail(Fault::usage, "{}: the handle is {}; open one first", what,
                 handle == nullptr ? "null" : "not open, or was closed");
        return found->second;
    }

    /// Calls work(object) unless another thread is inside it, which the object's `in_use` says.
    /// @throws Error(usage) as find, or if it is in use; what `work` throws.
    template <typename Work>
    void use(const Handle* handle, const char* what, const Work& work) const {
        const std::shared_ptr<Object> object = find(handle, what);
        const std::unique_lock lock(object->in_use, std::try_to_lock);
        if (!lock.owns_lock())
            fail(Fault::usage, "{}: another thread is using it; open one for each thread", what);
        work(*object);
    }

    void remove(const Handle* handle) {
        std::shared_ptr<Object> last;  // destroyed without the lock
        const std::unique_lock lock(mutex_);
        const auto found = open_.find(reinterpret_cast<std::uintptr_t>(handle));
        if (found == open_.end()) return;
        last = std::move(found->second);
        open_.erase(found);
    }

private:
    mutable std::shared_mutex mutex_;
    std::map<std::uintptr_t, std::shared_ptr<Object>> open_;
};

}  // namespace ranvier::c_api
