#include "float_networks.hpp"

#include "ranvier/base/random.hpp"

#include <cmath>
#include <string>
#include <utility>

namespace ranvier::bench {

namespace {

class Builder {
public:
    Builder(const Shape& input, std::uint64_t seed) : random_(seed, 0) {
        add(Input{input, {}, {}}, {});
    }

    std::size_t add(Operation operation, std::vector<std::size_t> inputs) {
        const std::size_t l = network_.layers.size();
        network_.layers.push_back(
            {"layer" + std::to_string(l), std::move(inputs), std::move(operation)});
        return l;
    }

    std::size_t convolution(std::size_t from, std::int64_t n_in, std::int64_t n_out,
                            std::int64_t kernel, std::int64_t stride, std::int64_t pad) {
        return add(Convolution{{kernel, kernel, stride, stride, pad, pad, pad, pad, 1, 1},
                               1,
                               random_weight({n_out, n_in, kernel, kernel}),
                               Tensor({n_out})},
                   {from});
    }

    /// Stride 1, size kept.
    std::size_t convolution(std::size_t from, std::int64_t n_in, std::int64_t n_out,
                            std::int64_t kernel) {
        return convolution(from, n_in, n_out, kernel, 1, kernel / 2);
    }

    std::size_t relu(std::size_t from) { return add(Activation{}, {from}); }

    std::size_t linear(std::size_t from, std::int64_t n_in, std::int64_t n_out) {
        return add(Linear{random_weight({n_out, n_in}), Tensor({n_out})}, {add(Flatten{}, {from})});
    }

    Network finish(std::size_t last) {
        add(Output{}, {last});
        return std::move(network_);
    }

private:
    /// He initialization: values neither grow nor fade through the layers.
    Tensor random_weight(std::vector<std::int64_t> dims) {
        Tensor weight(std::move(dims));
        const auto fan_in = static_cast<float>(weight.size()) / static_cast<float>(weight.dims[0]);
        for (float& w : weight.values) w = random_.normal() * std::sqrt(2.0F / fan_in);
        return weight;
    }

    Random random_;
    Network network_;
};

}  // namespace

Network resnet20(std::uint64_t seed) {
    Builder b({3, 32, 32}, seed);
    std::size_t x = b.relu(b.convolution(0, 3, 16, 3));
    std::int64_t n_in = 16;
    for (const std::int64_t n_out : {16, 32, 64})
        for (int block = 0; block < 3; ++block) {
            const std::int64_t stride = n_in == n_out ? 1 : 2;
            const std::size_t inner = b.relu(b.convolution(x, n_in, n_out, 3, stride, 1));
            const std::size_t outer = b.convolution(inner, n_out, n_out, 3);
            const std::int64_t pad = (n_out - n_in) / 2;
            const std::size_t skip = stride == 1 ? x : b.add(Shortcut{stride, pad, pad}, {x});
            x = b.relu(b.add(Add{}, {outer, skip}));
            n_in = n_out;
        }
    return b.finish(b.linear(b.add(GlobalAveragePool{}, {x}), 64, 10));
}

Network squeezenet(std::uint64_t seed) {
    Builder b({3, 224, 224}, seed);
    const MaxPool pool{{3, 3, 2, 2, 0, 0, 0, 0, 1, 1}, true, {}};
    const auto fire = [&](std::size_t from, std::int64_t n_in, std::int64_t squeeze,
                          std::int64_t expand) {
        const std::size_t small = b.relu(b.convolution(from, n_in, squeeze, 1));
        const std::size_t one = b.relu(b.convolution(small, squeeze, expand, 1));
        const std::size_t three = b.relu(b.convolution(small, squeeze, expand, 3));
        return b.add(Concat{}, {one, three});
    };
    std::size_t x = b.add(pool, {b.relu(b.convolution(0, 3, 64, 3, 2, 0))});
    x = fire(x, 64, 16, 64);
    x = fire(x, 128, 16, 64);
    x = b.add(pool, {x});
    x = fire(x, 128, 32, 128);
    x = fire(x, 256, 32, 128);
    x = b.add(pool, {x});
    x = fire(x, 256, 48, 192);
    x = fire(x, 384, 48, 192);
    x = fire(x, 384, 64, 256);
    x = fire(x, 512, 64, 256);
    x = b.relu(b.convolution(x, 512, 1000, 1));
    return b.finish(b.add(Flatten{}, {b.add(GlobalAveragePool{}, {x})}));
}

}  // namespace ranvier::bench
