#include "ranvier/train/onednn_convolution.hpp"

#if RANVIER_HAS_ONEDNN

#include "ranvier/train/bfloat16.hpp"

#include <ATen/Parallel.h>
#include <algorithm>
#include <array>
#include <dnnl.hpp>
#include <map>
#include <mutex>
#include <string_view>
#include <unordered_map>

namespace ranvier {

namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Type = memory::data_type;

enum class Way { there, to_input, to_weight };

/// A problem as oneDNN sees it; what its primitives are kept by.
struct Problem {
    Way way;
    Precision precision;
    bool bias;
    int threads;  ///< that the primitive shares its work out to
    memory::dims x, weight, y;
    memory::dims stride, gap, before, after;  ///< gap: dilation less 1; padding before and after
    friend auto operator<=>(const Problem&, const Problem&) = default;
};

Problem problem_of(Way way, const ConvolutionSizes& s, Precision precision, bool bias = false) {
    const Window& w = s.window;
    return {way,
            precision,
            bias,
            at::get_num_threads(),
            {s.n, s.from.channels, s.from.height, s.from.width},
            {s.to.channels, s.from.channels, w.kernel_h, w.kernel_w},
            {s.n, s.to.channels, s.to.height, s.to.width},
            {w.stride_h, w.stride_w},
            {w.dilation_h - 1, w.dilation_w - 1},
            {w.pad_top, w.pad_left},
            {w.pad_bottom, w.pad_right}};
}

/// The orders of oneDNN's own choice differ from ours by blocks of channels.
struct Compiled {
    dnnl::primitive primitive;  ///< empty: none, or a slow one
    memory::desc x, weight, y;  ///< or their gradients
};

memory::desc in_floats(const memory::dims& dims, Tag order) {
    return {dims, Type::f32, order};
}

template <typename Found>
bool is_slow(const Found& found) {
    return std::string_view(found.impl_info_str()).starts_with("ref");
}

Compiled compile(const Problem& p, const dnnl::engine& engine) {
    const bool half = p.precision == Precision::bfloat16;
    const auto algorithm =
        half ? dnnl::algorithm::convolution_direct : dnnl::algorithm::convolution_winograd;
    const auto factor = [&](const memory::dims& dims) {
        return half ? memory::desc(dims, Type::bf16, Tag::nhwc) : in_floats(dims, Tag::any);
    };
    const auto sum = [&](const memory::dims& dims) {
        return in_floats(dims, half ? Tag::nhwc : Tag::any);
    };
    const memory::desc x = factor(p.x), y = factor(p.y), y_sum = sum(p.y),
                       weight(p.weight, half ? Type::bf16 : Type::f32, Tag::any),
                       bias = p.bias ? in_floats({p.y[1]}, Tag::x) : memory::desc();
    const dnnl::convolution_forward::primitive_desc there(
        {dnnl::prop_kind::forward_training, algorithm, x, weight, bias, y_sum, p.stride, p.gap,
         p.before, p.after},
        engine);
    if (p.way == Way::there) {
        if (is_slow(there)) return {};
        return {dnnl::convolution_forward(there), there.src_desc(), there.weights_desc(),
                there.dst_desc()};
    }
    if (p.way == Way::to_input) {
        const dnnl::convolution_backward_data::primitive_desc back(
            {algorithm, sum(p.x), weight, y, p.stride, p.gap, p.before, p.after}, engine, there);
        if (is_slow(back)) return {};
        return {dnnl::convolution_backward_data(back), back.diff_src_desc(), back.weights_desc(),
                back.diff_dst_desc()};
    }
    const dnnl::convolution_backward_weights::primitive_desc back(
        {algorithm, x, in_floats(p.weight, Tag::any), y, p.stride, p.gap, p.before, p.after},
        engine, there);
    if (is_slow(back)) return {};
    return {dnnl::convolution_backward_weights(back), back.src_desc(), back.diff_weights_desc(),
            back.diff_dst_desc()};
}

/// Their names are sets of bits that grow with what the processor can do.
bool processor_has(dnnl::cpu_isa wanted) {
    static const auto all = static_cast<int>(dnnl::get_effective_cpu_isa());
    return (all & static_cast<int>(wanted)) == static_cast<int>(wanted);
}

bool winograd_pays(const ConvolutionSizes& s) {
    const Window& w = s.window;
    const bool fits = w.kernel_h == 3 && w.kernel_w == 3 && w.stride_h == 1 && w.stride_w == 1 &&
                      w.dilation_h == 1 && w.dilation_w == 1 &&
                      // oneDNN 2.6 takes unequal ones, and returns a wrong gradient of the input
                      w.pad_top == w.pad_bottom && w.pad_left == w.pad_right;
    return fits && std::min(s.from.channels, s.to.channels) >= 64 &&
           s.n * s.to.height * s.to.width >= 1024;
}

/// oneDNN's primitives, made once for each problem, and memory that they need. For one thread at a
/// time.
class OneDnn {
public:
    static OneDnn& get() {
        static OneDnn all;
        return all;
    }
    std::mutex mutex;

    /// Null if there is no fast primitive.
    const Compiled* find(const Problem& problem) {
        const auto [place, is_new] = compiled_.try_emplace(problem);
        if (is_new) try {
                place->second = compile(problem, engine_);
            } catch (const dnnl::error&) {  // unknown to this oneDNN
            }
        return place->second.primitive ? &place->second : nullptr;
    }

    enum Place { first, second, result, n_places };

    /// A factor in the type and order that a primitive wants.
    memory factor(const float* values, const memory::dims& dims, Tag order,
                  const memory::desc& wanted, Place place) {
        const memory plain = wanted.data_type() == Type::bf16 ? rounded(values, dims, order, place)
                                                              : at(in_floats(dims, order), values);
        if (plain.get_desc() == wanted) return plain;
        const memory ordered(wanted, engine_, room(ordered_[place], wanted.get_size()));
        copy(plain, ordered);
        return ordered;
    }
    /// Where a primitive's result goes: to its target or, in an order of its own, beside it.
    memory place_of(float* target, const memory::desc& ours, const memory::desc& found) {
        if (found == ours) return {ours, engine_, target};
        return {found, engine_, room(ordered_[result], found.get_size())};
    }
    void deliver(const memory& found, float* target, const memory::desc& ours) {
        if (found.get_data_handle() != target) copy(found, {ours, engine_, target});
    }
    memory bias(const float* values, memory::dim n) { return at(in_floats({n}, Tag::x), values); }
    void run(const Compiled& work, const std::unordered_map<int, memory>& arguments) {
        work.primitive.execute(stream_, arguments);
        stream_.wait();
    }

private:
    using Rooms = std::array<memory, n_places>;

    /// Kept from call to call, since new memory is slow.
    void* room(memory& kept, std::size_t n_bytes) {
        if (!kept || kept.get_desc().get_size() < n_bytes)
            kept = memory({{static_cast<memory::dim>(n_bytes)}, Type::u8, Tag::x}, engine_);
        return kept.get_data_handle();
    }
    memory at(const memory::desc& description, const float* values) {
        return {description, engine_, const_cast<float*>(values)};
    }
    memory rounded(const float* values, const memory::dims& dims, Tag order, Place place) {
        const memory::desc description(dims, Type::bf16, order);
        const auto n = static_cast<std::int64_t>(description.get_size() / sizeof(std::uint16_t));
        auto* half = static_cast<std::uint16_t*>(room(rounded_[place], description.get_size()));
        at::parallel_for(0, n, 1 << 14, [&](std::int64_t begin, std::int64_t end) {
            round_to_bfloat16(values + begin, half + begin, static_cast<std::size_t>(end - begin));
        });
        return {description, engine_, half};
    }
    void copy(memory from, memory to) {
        dnnl::reorder(from, to).execute(stream_, from, to);
        stream_.wait();
    }

    dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream_{engine_};
    std::map<Problem, Compiled> compiled_;
    Rooms ordered_, rounded_;
};

}  // namespace

bool onednn_pays(const ConvolutionSizes& s, Precision precision) {
    return precision == Precision::bfloat16
               ? processor_has(dnnl::cpu_isa::avx512_core_amx)
               : processor_has(dnnl::cpu_isa::avx512_core) && winograd_pays(s);
}

bool onednn_convolve(const ConvolutionSizes& sizes, Precision precision, const float* x,
                     const float* weight, const float* bias, float* y) {
    if (!onednn_pays(sizes, precision)) return false;
    OneDnn& all = OneDnn::get();
    const std::scoped_lock lock(all.mutex);
    const Problem p = problem_of(Way::there, sizes, precision, bias != nullptr);
    const Compiled* work = all.find(p);
    if (work == nullptr) return false;
    const memory::desc ours = in_floats(p.y, Tag::nhwc);
    const memory found = all.place_of(y, ours, work->y);
    std::unordered_map<int, memory> arguments = {
        {DNNL_ARG_SRC, all.factor(x, p.x, Tag::nhwc, work->x, OneDnn::first)},
        {DNNL_ARG_WEIGHTS, all.factor(weight, p.weight, Tag::ohwi, work->weight, OneDnn::second)},
        {DNNL_ARG_DST, found}};
    if (bias != nullptr) arguments.emplace(DNNL_ARG_BIAS, all.bias(bias, p.y[1]));
    all.run(*work, arguments);
    all.deliver(found, y, ours);
    return true;
}

bool onednn_gradients(const ConvolutionSizes& sizes, Precision precision,
                      const ConvolutionFactors& factors, float* x_gradient,
                      float* weight_gradient) {
    if (!onednn_pays(sizes, precision)) return false;
    OneDnn& all = OneDnn::get();
    const std::scoped_lock lock(all.mutex);
    const Problem p = problem_of(Way::to_input, sizes, precision);
    const Compiled* to_input = x_gradient == nullptr ? nullptr : all.find(p);
    const Compiled* to_weight = weight_gradient == nullptr
                                    ? nullptr
                                    : all.find(problem_of(Way::to_weight, sizes, precision));
    if ((x_gradient != nullptr && to_input == nullptr) ||
        (weight_gradient != nullptr && to_weight == nullptr))
        return false;
    const memory::desc x = in_floats(p.x, Tag::nhwc), weight = in_floats(p.weight, Tag::ohwi);
    memory g;
    if (to_input != nullptr) {
        g = all.factor(factors.g, p.y, Tag::nhwc, to_input->y, OneDnn::first);
        const memory found = all.place_of(x_gradient, x, to_input->x);
        all.run(*to_input, {{DNNL_ARG_DIFF_DST, g},
                            {DNNL_ARG_WEIGHTS, all.factor(factors.weight, p.weight, Tag::ohwi,
                                                          to_input->weight, OneDnn::second)},
                            {DNNL_ARG_DIFF_SRC, found}});
        all.deliver(found, x_gradient, x);
    }
    if (to_weight != nullptr) {
        if (to_input == nullptr || g.get_desc() != to_weight->y)
            g = all.factor(factors.g, p.y, Tag::nhwc, to_weight->y, OneDnn::first);
        const memory found = all.place_of(weight_gradient, weight, to_weight->weight);
        all.run(*to_weight, {{DNNL_ARG_SRC,
                              all.factor(factors.x, p.x, Tag::nhwc, to_weight->x, OneDnn::second)},
                             {DNNL_ARG_DIFF_DST, g},
                             {DNNL_ARG_DIFF_WEIGHTS, found}});
        all.deliver(found, weight_gradient, weight);
    }
    return true;
}

}  // namespace ranvier

#else

namespace ranvier {

bool onednn_pays(const ConvolutionSizes&, Precision) {
    return false;
}
bool onednn_convolve(const ConvolutionSizes&, Precision, const float*, const float*, const float*,
                     float*) {
    return false;
}
bool onednn_gradients(const ConvolutionSizes&, Precision, const ConvolutionFactors&, float*,
                      float*) {
    return false;
}

}  // namespace ranvier

#endif
