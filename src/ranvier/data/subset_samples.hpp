#pragma once

#include "ranvier/data/memory_samples.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace ranvier {

/// Neighboring images of other samples, for instance the first ones to calibrate on.
class SubsetSamples : public Samples {
public:
    /// `count` images from `first` on; fewer if `base` ends before.
    SubsetSamples(std::shared_ptr<const Samples> base, std::size_t count, std::size_t first = 0)
        : base_(std::move(base)),
          first_(std::min(first, base_->size())),
          size_(std::min(count, base_->size() - first_)) {}

    [[nodiscard]] std::size_t size() const override { return size_; }
    [[nodiscard]] Shape shape() const override { return base_->shape(); }
    [[nodiscard]] int n_classes() const override { return base_->n_classes(); }
    [[nodiscard]] int label(std::size_t index) const override {
        require_readable(*this, index, static_cast<std::size_t>(shape().size()));
        return base_->label(first_ + index);
    }
    void read(std::size_t index, std::span<float> pixels) const override {
        require_readable(*this, index, pixels.size());
        base_->read(first_ + index, pixels);
    }
    [[nodiscard]] bool timed() const override { return base_->timed(); }
    [[nodiscard]] TimedSample read_timed(std::size_t index) const override {
        require_readable(*this, index, static_cast<std::size_t>(shape().size()));
        return base_->read_timed(first_ + index);
    }
    void share_findings(ProcessGroup& processes) const override {
        base_->share_findings(processes);
    }
    [[nodiscard]] std::string describe() const override {
        if (first_ == 0) return fmt::format("{}, first {}", base_->describe(), size_);
        return fmt::format("{}, {} from {} on", base_->describe(), size_, first_);
    }

private:
    std::shared_ptr<const Samples> base_;
    std::size_t first_;
    std::size_t size_;
};

}  // namespace ranvier
