#pragma once

#include "ranvier/base/samples.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace ranvier::testing {

/// Images in memory, labelled 0, 1, 2, ... in turn.
class TestImages final : public Samples {
public:
    TestImages(Tensor images, int n_classes) : images_(std::move(images)), n_classes_(n_classes) {}
    std::size_t size() const override { return static_cast<std::size_t>(images_.dims[0]); }
    Shape shape() const override { return {images_.dims[1], images_.dims[2], images_.dims[3]}; }
    int n_classes() const override { return n_classes_; }
    int label(std::size_t index) const override { return static_cast<int>(index) % n_classes_; }
    void read(std::size_t index, std::span<float> pixels) const override {
        std::copy_n(images_.values.begin() + static_cast<std::ptrdiff_t>(index * pixels.size()),
                    pixels.size(), pixels.begin());
    }
    std::string describe() const override { return "test images"; }

private:
    Tensor images_;
    int n_classes_;
};

}  // namespace ranvier::testing
