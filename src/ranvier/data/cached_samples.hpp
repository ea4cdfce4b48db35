#pragma once

#include "ranvier/base/samples.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace ranvier {

/// Samples that keep every image they have read: for those that are costly to read, such as event
/// recordings, where a training comes back to them in every epoch. Memory grows with what was read,
/// 4 bytes a value.
class CachedSamples : public Samples {
public:
    explicit CachedSamples(std::shared_ptr<const Samples> base);

    [[nodiscard]] std::size_t size() const override { return base_->size(); }
    [[nodiscard]] Shape shape() const override { return base_->shape(); }
    [[nodiscard]] int n_classes() const override { return base_->n_classes(); }
    [[nodiscard]] int label(std::size_t index) const override { return base_->label(index); }
    void read(std::size_t index, std::span<float> pixels) const override;
    [[nodiscard]] bool timed() const override { return base_->timed(); }
    [[nodiscard]] TimedSample read_timed(std::size_t index) const override {
        return base_->read_timed(index);
    }
    [[nodiscard]] const NodeLabels* node_labels() const override { return base_->node_labels(); }
    void share_findings(ProcessGroup& processes) const override {
        base_->share_findings(processes);
    }
    [[nodiscard]] std::string describe() const override { return base_->describe(); }

private:
    struct Image {
        std::mutex reading;
        std::vector<float> pixels;  ///< empty: not read yet; never changed afterwards
    };
    std::shared_ptr<const Samples> base_;
    mutable std::vector<Image> images_;
};

}  // namespace ranvier
