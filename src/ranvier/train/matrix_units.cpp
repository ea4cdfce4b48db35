#include "ranvier/train/matrix_units.hpp"

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
#include <vector>

namespace ranvier {

namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Type = memory::data_type;

enum class Way { there, to_input, to_weight };

/// A problem as oneDNN sees it; what its primitives are kept by.
struct Problem {
    Way way;
    bool bias;
    memory::dims x, weight, y;
    std::array<memory::dim, 8> window;  ///< strides, dilations less 1, padding before, after
    friend auto operator<=>(const Problem&, const Problem&) = default;
};

Problem problem_of(Way way, const ConvolutionSizes& s, bool bias = false) {
    const Window& w = s.window;
    return {way,
            bias,
            {s.n, s.from.channels, s.from.height, s.from.width},
            {s.to.channels, s.from.channels, w.kernel_h, w.kernel_w},
            {s.n, s.to.channels, s.to.height, s.to.width},
            {w.stride_h, w.stride_w, w.dilation_h - 1, w.dilation_w - 1, w.pad_top, w.pad_left,
             w.pad_bottom, w.pad_right}};
}

struct Compiled {
    dnnl::primitive primitive;  ///< empty: none, or a slow one
    memory::desc weight;        ///< how it wants the weights, or has their gradients
};

template <typename Primitive>
Compiled compiled(const typename Primitive::primitive_desc& found, const memory::desc& weight) {
    if (std::string_view(found.impl_info_str()).starts_with("ref")) return {};
    return {Primitive(found), weight};
}

Compiled compile(const Problem& p, const dnnl::engine& engine) {
    const auto two = [&](std::size_t first) {
        return memory::dims{p.window[first], p.window[first + 1]};
    };
    const memory::dims stride = two(0), gap = two(2), before = two(4), after = two(6);
    constexpr auto how = dnnl::algorithm::convolution_direct;
    const memory::desc x(p.x, Type::bf16, Tag::nhwc), x_sum(p.x, Type::f32, Tag::nhwc);
    const memory::desc y(p.y, Type::bf16, Tag::nhwc), y_sum(p.y, Type::f32, Tag::nhwc);
    const memory::desc weight(p.weight, Type::bf16, Tag::any);
    const memory::desc weight_sum(p.weight, Type::f32, Tag::any);
    const memory::desc bias = p.bias ? memory::desc({p.y[1]}, Type::f32, Tag::x) : memory::desc();
    const dnnl::convolution_forward::primitive_desc there(
        {dnnl::prop_kind::forward_training, how, x, weight, bias, y_sum, stride, gap, before,
         after},
        engine);
    if (p.way == Way::there)
        return compiled<dnnl::convolution_forward>(there, there.weights_desc());
    if (p.way == Way::to_input) {
        const dnnl::convolution_backward_data::primitive_desc back(
            {how, x_sum, weight, y, stride, gap, before, after}, engine, there);
        return compiled<dnnl::convolution_backward_data>(back, back.weights_desc());
    }
    const dnnl::convolution_backward_weights::primitive_desc back(
        {how, x, weight_sum, y, stride, gap, before, after}, engine, there);
    return compiled<dnnl::convolution_backward_weights>(back, back.diff_weights_desc());
}

/// oneDNN's primitives, made once for each problem, and the memory for rounded factors. For one
/// thread at a time.
class MatrixUnits {
public:
    static MatrixUnits& get() {
        static MatrixUnits units;
        return units;
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

    /// A factor in bfloat16.
    /// @param which  whose memory: 0 or 1.
    memory rounded(const float* values, std::size_t which, const memory::dims& dims, Tag order) {
        std::int64_t n = 1;
        for (const memory::dim extent : dims) n *= extent;
        std::vector<std::uint16_t>& factor = factors_[which];
        if (factor.size() < static_cast<std::size_t>(n)) factor.resize(static_cast<std::size_t>(n));
        at::parallel_for(0, n, 1 << 14, [&](std::int64_t begin, std::int64_t end) {
            round_to_bfloat16(values + begin, factor.data() + begin,
                              static_cast<std::size_t>(end - begin));
        });
        return {{dims, Type::bf16, order}, engine_, factor.data()};
    }
    /// Weights in bfloat16 as a primitive wants them.
    memory rounded_weight(const float* weight, const Problem& problem, const Compiled& work) {
        memory own = memory(work.weight, engine_);
        copy(rounded(weight, 1, problem.weight, Tag::ohwi), own);
        return own;
    }
    memory at(const memory::desc& description, void* data) const {
        return {description, engine_, data};
    }
    /// Memory in a primitive's own order.
    memory own(const memory::desc& description) const { return {description, engine_}; }
    void copy(memory from, memory to) {
        dnnl::reorder(from, to).execute(stream_, from, to);
        stream_.wait();
    }
    void run(const Compiled& work, const std::unordered_map<int, memory>& arguments) {
        work.primitive.execute(stream_, arguments);
        stream_.wait();
    }

private:
    dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream_{engine_};
    std::map<Problem, Compiled> compiled_;
    std::array<std::vector<std::uint16_t>, 2> factors_;
};

}  // namespace

bool has_matrix_units() {
    static const bool has = dnnl::get_effective_cpu_isa() == dnnl::cpu_isa::avx512_core_amx;
    return has;
}

bool units_convolve(const ConvolutionSizes& sizes, const float* x, const float* weight,
                    const float* bias, float* y) {
    MatrixUnits& units = MatrixUnits::get();
    const std::scoped_lock lock(units.mutex);
    const Problem problem = problem_of(Way::there, sizes, bias != nullptr);
    const Compiled* work = units.find(problem);
    if (work == nullptr) return false;
    std::unordered_map<int, memory> arguments = {
        {DNNL_ARG_SRC, units.rounded(x, 0, problem.x, Tag::nhwc)},
        {DNNL_ARG_WEIGHTS, units.rounded_weight(weight, problem, *work)},
        {DNNL_ARG_DST, units.at({problem.y, Type::f32, Tag::nhwc}, y)}};
    if (bias != nullptr)
        arguments.emplace(DNNL_ARG_BIAS, units.at({{sizes.to.channels}, Type::f32, Tag::x},
                                                  const_cast<float*>(bias)));
    units.run(*work, arguments);
    return true;
}

bool units_input_gradient(const ConvolutionSizes& sizes, const float* g, const float* weight,
                          float* x_gradient) {
    MatrixUnits& units = MatrixUnits::get();
    const std::scoped_lock lock(units.mutex);
    const Problem problem = problem_of(Way::to_input, sizes);
    const Compiled* work = units.find(problem);
    if (work == nullptr) return false;
    units.run(*work,
              {{DNNL_ARG_DIFF_DST, units.rounded(g, 0, problem.y, Tag::nhwc)},
               {DNNL_ARG_WEIGHTS, units.rounded_weight(weight, problem, *work)},
               {DNNL_ARG_DIFF_SRC, units.at({problem.x, Type::f32, Tag::nhwc}, x_gradient)}});
    return true;
}

bool units_weight_gradient(const ConvolutionSizes& sizes, const float* g, const float* x,
                           float* weight_gradient) {
    MatrixUnits& units = MatrixUnits::get();
    const std::scoped_lock lock(units.mutex);
    const Problem problem = problem_of(Way::to_weight, sizes);
    const Compiled* work = units.find(problem);
    if (work == nullptr) return false;
    const memory own = units.own(work->weight);
    units.run(*work, {{DNNL_ARG_SRC, units.rounded(x, 0, problem.x, Tag::nhwc)},
                      {DNNL_ARG_DIFF_DST, units.rounded(g, 1, problem.y, Tag::nhwc)},
                      {DNNL_ARG_DIFF_WEIGHTS, own}});
    units.copy(own, units.at({problem.weight, Type::f32, Tag::ohwi}, weight_gradient));
    return true;
}

}  // namespace ranvier

#else

namespace ranvier {

bool has_matrix_units() {
    return false;
}
bool units_convolve(const ConvolutionSizes&, const float*, const float*, const float*, float*) {
    return false;
}
bool units_input_gradient(const ConvolutionSizes&, const float*, const float*, float*) {
    return false;
}
bool units_weight_gradient(const ConvolutionSizes&, const float*, const float*, float*) {
    return false;
}

}  // namespace ranvier

#endif
