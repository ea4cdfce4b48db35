#pragma once

#include "ranvier/data/memory_samples.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace ranvier {

/// The first images of other samples, for instance to calibrate on.
class SubsetSamples : public Samples {
public:
    /// All of `base` if it holds fewer than `count`.
    SubsetSamples(std::shared_ptr<const Samples> base, std::size_t count)
        : base_(std::move(base)), size_(std::min(count, base_->size())) {}

    [[nodiscard]] std::size_t size() const override { return size_; }
    [[nodiscard]] Shape shape() const override { return base_->shape(); }
    [[nodiscard]] int n_classes() const override { return base_->n_classes(); }
    [[nodiscard]] int label(std::size_t index) const override {
        require_readable(*this, index, static_cast<std::size_t>(shape().size()));
        return base_->label(index);
    }
    void read(std::size_t index, std::span<float> pixels) const override {
        require_readable(*this, index, pixels.size());
        base_->read(index, pixels);
    }
    [[nodiscard]] std::string describe() const override {
        return fmt::format("{}, first {}", base_->describe(), size_);
    }

private:
    std::shared_ptr<const Samples> base_;
    std::size_t size_;
};

}  // namespace ranvier
