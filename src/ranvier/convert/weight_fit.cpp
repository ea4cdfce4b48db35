#include "ranvier/convert/weight_fit.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#if RANVIER_HAS_ONEDNN
#include <dnnl.h>
#endif

namespace ranvier {

namespace {

constexpr std::size_t most_inputs = 4096;

/// The first `n_rows` rows from `first` on.
Matrix rows_of(const Matrix& from, std::size_t first, std::size_t n_rows) {
    Matrix part(n_rows, from.n_columns);
    std::copy_n(from.values.begin() + static_cast<std::ptrdiff_t>(first * from.n_columns),
                part.values.size(), part.values.begin());
    return part;
}

/// a b, or a^T b.
Matrix product(const Matrix& a, bool transposed, const Matrix& b) {
    const std::size_t m = transposed ? a.n_columns : a.n_rows;
    const std::size_t inner = transposed ? a.n_rows : a.n_columns;
    Matrix c(m, b.n_columns);
#if RANVIER_HAS_ONEDNN
    const auto dim = [](std::size_t n) { return static_cast<dnnl_dim_t>(n); };
    const dnnl_status_t status =
        dnnl_sgemm(transposed ? 'T' : 'N', 'N', dim(m), dim(b.n_columns), dim(inner), 1.0F,
                   a.values.data(), dim(a.n_columns), b.values.data(), dim(b.n_columns), 0.0F,
                   c.values.data(), dim(c.n_columns));
    if (status != dnnl_success)
        fail(Fault::internal, "weight fit: oneDNN refused a product (status {})",
             static_cast<int>(status));
#else
    for (std::size_t i = 0; i < m; ++i)
        for (std::size_t k = 0; k < inner; ++k) {
            const float factor = a.values[transposed ? k * m + i : i * inner + k];
            for (std::size_t j = 0; j < b.n_columns; ++j)
                c.values[i * b.n_columns + j] += factor * b.values[k * b.n_columns + j];
        }
#endif
    return c;
}

/// Solves A x = b for every column of b, A symmetric and positive definite.
Matrix solve(const Matrix& a, double ridge_term, const Matrix& b) {
    const std::size_t k = a.n_columns;
    std::vector<double> factor(k * k);  // lower triangle
    for (std::size_t i = 0; i < k; ++i)
        for (std::size_t j = 0; j <= i; ++j) {
            double sum = double{a.values[i * k + j]} + (i == j ? ridge_term : 0);
            for (std::size_t p = 0; p < j; ++p) sum -= factor[i * k + p] * factor[j * k + p];
            factor[i * k + j] = i == j ? std::sqrt(std::max(sum, 1e-30)) : sum / factor[j * k + j];
        }
    Matrix x(k, b.n_columns);
    std::vector<double> column(k);
    for (std::size_t c = 0; c < b.n_columns; ++c) {
        for (std::size_t i = 0; i < k; ++i) {
            double sum = b.values[i * b.n_columns + c];
            for (std::size_t p = 0; p < i; ++p) sum -= factor[i * k + p] * column[p];
            column[i] = sum / factor[i * k + i];
        }
        for (std::size_t i = k; i-- > 0;) {
            double sum = column[i];
            for (std::size_t p = i + 1; p < k; ++p) sum -= factor[p * k + i] * column[p];
            column[i] = sum / factor[i * k + i];
            x.at(i, c) = static_cast<float>(column[i]);
        }
    }
    return x;
}

/// inputs^T inputs and inputs^T target, from which every lambda's solution follows.
struct NormalEquations {
    NormalEquations(const Matrix& inputs, const Matrix& target)
        : gram(product(inputs, true, inputs)), moment(product(inputs, true, target)) {
        for (std::size_t i = 0; i < gram.n_columns; ++i)
            mean_diagonal += gram.at(i, i) / static_cast<double>(gram.n_columns);
    }
    [[nodiscard]] Matrix solution(double lambda) const {
        return solve(gram, lambda * mean_diagonal, moment);
    }
    Matrix gram, moment;
    double mean_diagonal = 0;
};

double squared_error(const Matrix& inputs, const Matrix& target, const Matrix& by) {
    const Matrix fitted = product(inputs, false, by);
    double sum = 0;
    for (std::size_t i = 0; i < fitted.values.size(); ++i)
        sum += std::pow(double{target.values[i]} - fitted.values[i], 2);
    return sum;
}

/// What a convolution's weights meet: [n_in][kernel_h][kernel_w] at one place of the output.
class Patches {
public:
    Patches(const Layer& layer, const Shape& in, const Shape& out) : in_(in), out_(out) {
        if (const auto* conv = layer.as<Convolution>()) {
            window_ = conv->window;
            size_ = conv->weight.size() / static_cast<std::size_t>(conv->weight.dims[0]);
        } else {
            size_ = static_cast<std::size_t>(in.size());
        }
    }
    [[nodiscard]] std::size_t size() const { return size_; }

    void copy(std::span<const float> values, std::size_t place, float* to) const {
        const auto oy = static_cast<std::int64_t>(place) / out_.width;
        const auto ox = static_cast<std::int64_t>(place) % out_.width;
        for (std::int64_t c = 0; c < in_.channels; ++c)
            for (std::int64_t i = 0; i < window_.kernel_h; ++i)
                for (std::int64_t j = 0; j < window_.kernel_w; ++j) {
                    const std::int64_t y =
                        oy * window_.stride_h - window_.pad_top + i * window_.dilation_h;
                    const std::int64_t x =
                        ox * window_.stride_w - window_.pad_left + j * window_.dilation_w;
                    const bool inside = y >= 0 && y < in_.height && x >= 0 && x < in_.width;
                    *to++ =
                        inside
                            ? values[static_cast<std::size_t>((c * in_.height + y) * in_.width + x)]
                            : 0.0F;
                }
    }

private:
    Shape in_, out_;
    Window window_;  ///< linear: 1 x 1
    std::size_t size_;
};

/// Weights [n_out][k] of a layer that can be corrected, or null.
Tensor* weights_to_correct(Network& network, std::size_t l) {
    Layer& layer = network.layers[l];
    if (layer.inputs.empty() || layer.inputs[0] == 0) return nullptr;
    if (auto* conv = layer.as<Convolution>())
        return conv->groups == 1 && conv->format.kind == WeightKind::float32 ? &conv->weight
                                                                             : nullptr;
    if (auto* linear = layer.as<Linear>())
        return linear->format.kind == WeightKind::float32 ? &linear->weight : nullptr;
    return nullptr;
}

/// Inputs and what is lacking at the places of `wanted`; columns are means removed, so that the
/// bias, which is set afterwards, does not matter.
void center(Matrix& matrix) {
    for (std::size_t c = 0; c < matrix.n_columns; ++c) {
        double sum = 0;
        for (std::size_t r = 0; r < matrix.n_rows; ++r) sum += matrix.at(r, c);
        const auto mean = static_cast<float>(sum / static_cast<double>(matrix.n_rows));
        for (std::size_t r = 0; r < matrix.n_rows; ++r) matrix.at(r, c) -= mean;
    }
}

}  // namespace

Matrix ridge(const Matrix& inputs, const Matrix& target, double lambda) {
    return NormalEquations(inputs, target).solution(lambda);
}

Matrix ridge_by_held_out(const Matrix& inputs, const Matrix& target) {
    const std::size_t n_fitted = inputs.n_rows - inputs.n_rows / 5;
    const NormalEquations equations(rows_of(inputs, 0, n_fitted), rows_of(target, 0, n_fitted));
    const Matrix judge_inputs = rows_of(inputs, n_fitted, inputs.n_rows - n_fitted);
    const Matrix judge_target = rows_of(target, n_fitted, inputs.n_rows - n_fitted);
    Matrix best(inputs.n_columns, target.n_columns);
    if (!(equations.mean_diagonal > 0)) return best;
    double least = squared_error(judge_inputs, judge_target, best);
    for (const double lambda : {1e-4, 1e-3, 1e-2, 1e-1, 1.0}) {
        Matrix by = equations.solution(lambda);
        const double error = squared_error(judge_inputs, judge_target, by);
        if (!(error < least)) continue;
        least = error;
        best = std::move(by);
    }
    return best;
}

bool correct_weights(Network& network, std::size_t weighted, std::size_t membrane,
                     const LayerValues& wanted, const Samples& samples,
                     const LayerValuesOptions& options) {
    Tensor* weights = weights_to_correct(network, weighted);
    if (weights == nullptr) return false;
    const std::vector<Shape> shapes = infer_shapes(network);
    const std::size_t source = network.layers[weighted].inputs[0];
    const Patches patches(network.layers[weighted], shapes[source], shapes[weighted]);
    if (patches.size() > most_inputs || wanted.empty()) return false;

    Matrix inputs(wanted[0].size(), patches.size());
    Matrix lacking(wanted[0].size(), wanted.size());
    std::size_t row = 0;  // of the first place of the next image
    const Network part = network_up_to(network, membrane);
    const std::size_t part_source = part_index(network, membrane, source);
    const std::size_t part_membrane = part.layers.size() - 3;
    const SampledPlaces places(shapes[membrane], samples.size(), options.values_per_layer);
    FloatEngine engine(part, options.n_threads);
    const std::vector<std::size_t> layers = {part_source, part_membrane};
    for (std::size_t first = 0; first < samples.size(); first += options.batch) {
        const std::size_t count = std::min(options.batch, samples.size() - first);
        const std::size_t batch_row = row;
        const auto take = [&](std::size_t layer, std::span<const float> all, std::size_t n) {
            const std::size_t size = all.size() / n;
            const auto plane = static_cast<std::size_t>(shapes[membrane].plane());
            row = batch_row;
            for (std::size_t i = 0; i < n; ++i) {
                const auto of_image = all.subspan(i * size, size);
                places.visit(first + i, [&](std::size_t place) {
                    if (layer == part_source)
                        patches.copy(of_image, place, &inputs.at(row, 0));
                    else
                        for (std::size_t c = 0; c < wanted.size(); ++c)
                            lacking.at(row, c) = wanted[c][row] - of_image[c * plane + place];
                    ++row;
                });
            }
        };
        (void)engine.run(read_batch(samples, first, count), layers, take);
    }
    center(inputs);
    center(lacking);
    Matrix correction = ridge_by_held_out(inputs, lacking);
    const std::size_t k = patches.size();
    for (std::size_t o = 0; o < wanted.size(); ++o)
        for (std::size_t i = 0; i < k; ++i) weights->values[o * k + i] += correction.at(i, o);
    return true;
}

}  // namespace ranvier
