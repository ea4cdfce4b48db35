#include "ranvier/train/attack.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/train/device.hpp"
#include "ranvier/train/input_gradient.hpp"
#include "ranvier/train/pixel_ball.hpp"
#include "ranvier/train/streams.hpp"
#include "ranvier/train/torch_threads.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fmt/ranges.h>

namespace ranvier {

namespace {

/// Images that are computed together, on one thread. Always so many, the last block being filled
/// up, since LibTorch may add in another order for another number.
constexpr std::size_t block_size = 32;

void require_options(const AttackOptions& o, std::int64_t n_classes) {
    if (!(o.epsilon >= 0 && o.epsilon <= 1))
        fail(Fault::bad_input,
             "attack: epsilon is {}; allowed is 0 to 1, in units of pixels from 0 to 1, for "
             "instance 8/255",
             o.epsilon);
    if (n_classes < 2)
        fail(Fault::bad_input, "attack: the network has {} output; classes need two", n_classes);
    if (o.goal == AttackGoal::fixed_class && (o.target < 0 || o.target >= n_classes))
        fail(Fault::bad_input, "attack: the target is class {}; the network has 0 to {}", o.target,
             n_classes - 1);
    if (o.method != AttackMethod::pgd) return;
    if (!(o.step > 0 && o.step <= 1))
        fail(Fault::bad_input, "attack: the step is {}; allowed is more than 0 up to 1", o.step);
    if (o.iterations < 1)
        fail(Fault::bad_input, "attack: {} iterations; at least 1 is needed", o.iterations);
}

void require_images(const Network& network, const Tensor& images, std::span<const int> labels,
                    std::int64_t n_classes) {
    const Shape& shape = network.input().shape;
    const auto n = static_cast<std::int64_t>(labels.size());
    if (labels.empty() ||
        images.dims != std::vector<std::int64_t>{n, shape.channels, shape.height, shape.width})
        fail(Fault::bad_input,
             "attack: images have shape [{}] and there are {} labels; the network takes [n, {}, "
             "{}, {}], n > 0",
             fmt::join(images.dims, ", "), n, shape.channels, shape.height, shape.width);
    for (std::size_t i = 0; i < images.size(); ++i)
        if (!(images.values[i] >= 0 && images.values[i] <= 1))
            fail(Fault::bad_input,
                 "attack: image {} has a pixel of {}; attacks are defined on pixels in [0, 1]",
                 i / static_cast<std::size_t>(shape.size()), images.values[i]);
    for (std::size_t i = 0; i < labels.size(); ++i)
        if (labels[i] < 0 || labels[i] >= n_classes)
            fail(Fault::bad_input, "attack: image {} is of class {}; the network has 0 to {}", i,
                 labels[i], n_classes - 1);
}

class Attack {
public:
    Attack(const Network& network, const Tensor& images, std::span<const int> labels,
           const AttackOptions& options)
        : images_(images),
          labels_(labels),
          options_(options),
          n_classes_(infer_shapes(network).back().size()),
          size_(static_cast<std::size_t>(network.input().shape.size())),
          device_(usable_device(options.device, single_process())),
          gradient_(network, options.surrogate, device_, options.gradient) {
        result_.images = images;
        result_.gradient = gradient_.kind();
        if (options.goal == AttackGoal::untargeted) return;
        for (std::size_t i = 0; i < labels.size(); ++i) result_.targets.push_back(target_of(i));
    }

    AttackedImages run(Progress& progress) {
        const std::size_t n_blocks = (labels_.size() + block_size - 1) / block_size;
        const TorchThreads one_each(1);
        progress.start("attack", "images", labels_.size());
        parallel_for(n_blocks, device_.is_cpu() ? options_.n_threads : 1,
                     [&](std::size_t block, std::size_t) {
                         at::init_num_threads();  // a setting of each thread
                         run_block(block * block_size, progress);
                         progress.advance(count(block * block_size));
                     });
        progress.finish();
        result_.without_gradient = without_gradient_;
        return std::move(result_);
    }

private:
    [[nodiscard]] std::size_t count(std::size_t first) const {
        return std::min(block_size, labels_.size() - first);
    }

    [[nodiscard]] int target_of(std::size_t image) const {
        if (options_.goal == AttackGoal::fixed_class) return options_.target;
        Random random(options_.seed, stream(Purpose::attack_class, 0, image));
        const auto other =
            static_cast<int>(random.below(static_cast<std::uint32_t>(n_classes_) - 1));
        return other + (other >= labels_[image] ? 1 : 0);
    }

    /// [block_size] images from `first` on; zeros behind the last.
    [[nodiscard]] torch::Tensor pixels_of(std::size_t first) const {
        std::vector<std::int64_t> sizes = images_.dims;
        sizes[0] = block_size;
        torch::Tensor pixels = torch::zeros(sizes);
        std::copy_n(images_.values.data() + first * size_, count(first) * size_,
                    pixels.data_ptr<float>());
        return pixels;
    }

    /// The classes that the loss is of: the right ones, or the targets.
    [[nodiscard]] torch::Tensor classes_of(std::size_t first) const {
        torch::Tensor classes = torch::zeros({block_size}, torch::kInt64);
        for (std::size_t k = 0; k < count(first); ++k)
            classes.data_ptr<std::int64_t>()[k] =
                result_.targets.empty() ? labels_[first + k] : result_.targets[first + k];
        return classes;
    }

    /// Each image's own, whatever block it is in.
    void move_to_random_start(torch::Tensor& pixels, std::size_t first) const {
        const auto epsilon = static_cast<float>(options_.epsilon);
        for (std::size_t k = 0; k < count(first); ++k) {
            Random random(options_.seed, stream(Purpose::attack_start, 0, first + k));
            float* image = pixels.data_ptr<float>() + k * size_;
            for (std::size_t p = 0; p < size_; ++p) image[p] += random.uniform(-epsilon, epsilon);
        }
    }

    [[nodiscard]] SpikingPass pass_of(int iteration, std::size_t first) const {
        Random random(options_.seed,
                      stream(Purpose::attack_input, static_cast<std::uint64_t>(iteration)));
        SpikingPass pass;
        pass.pass.seed = std::uint64_t{random.next()} << 32;
        pass.pass.seed |= random.next();
        pass.pass.sample = first;
        return pass;
    }

    void run_block(std::size_t first, Progress& progress) {
        const torch::NoGradGuard no_grad;
        const bool pgd = options_.method == AttackMethod::pgd;
        const double towards = result_.targets.empty() ? 1 : -1;
        const double step = towards * (pgd ? options_.step : options_.epsilon);
        torch::Tensor start = pixels_of(first);
        const PixelBall ball(start.to(device_), options_.epsilon);
        if (pgd && options_.random_start) move_to_random_start(start, first);
        const torch::Tensor classes = classes_of(first).to(device_);
        torch::Tensor x = ball.project(start.to(device_));
        for (int iteration = 0; iteration < (pgd ? options_.iterations : 1); ++iteration) {
            progress.advance(0);  // a chance to stop
            const torch::Tensor gradient = gradient_(x, classes, pass_of(iteration, first));
            require_finite(gradient, first);
            if (iteration == 0) count_without(gradient, first);
            x = ball.step(x, gradient, step);
        }
        store(x.to(torch::kCPU).contiguous(), first);
    }

    static void require_finite(const torch::Tensor& gradient, std::size_t first) {
        if (!gradient.isfinite().all().item<bool>())
            fail(Fault::bad_input,
                 "attack: the gradient of the loss is not finite for one of the images from {} on; "
                 "the network's weights or outputs are too large",
                 first);
    }

    void count_without(const torch::Tensor& gradient, std::size_t first) {
        const torch::Tensor largest = gradient.flatten(1).abs().amax(1);
        without_gradient_ += static_cast<std::size_t>(
            (largest.narrow(0, 0, static_cast<std::int64_t>(count(first))) == 0)
                .sum()
                .item<std::int64_t>());
    }

    void store(const torch::Tensor& pixels, std::size_t first) {
        for (std::size_t k = 0; k < count(first); ++k) {
            const std::size_t i = first + k;
            if (!result_.targets.empty() && result_.targets[i] == labels_[i]) continue;
            std::copy_n(pixels.data_ptr<float>() + k * size_, size_,
                        result_.images.values.data() + i * size_);
        }
    }

    const Tensor& images_;
    std::span<const int> labels_;
    const AttackOptions& options_;
    std::int64_t n_classes_;
    std::size_t size_;  ///< pixels of an image
    torch::Device device_;
    InputGradient gradient_;
    AttackedImages result_;
    std::atomic<std::size_t> without_gradient_{0};
};

}  // namespace

AttackedImages attack(const Network& network, const Tensor& images, std::span<const int> labels,
                      const AttackOptions& options, Progress& progress) {
    const std::int64_t n_classes = infer_shapes(network).back().size();
    require_options(options, n_classes);
    require_images(network, images, labels, n_classes);
    try {
        return Attack(network, images, labels, options).run(progress);
    } catch (const c10::Error& error) {
        fail(Fault::internal, "attack: LibTorch: {}", error.what_without_backtrace());
    }
}

}  // namespace ranvier
