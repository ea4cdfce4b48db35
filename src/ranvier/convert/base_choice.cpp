#include "ranvier/convert/base_choice.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace ranvier {

namespace {

constexpr double largest_base = 16;
constexpr double negligible = 1e-12;  ///< activations below count as silent

class Gaussian {
public:
    explicit Gaussian(const CodeErrorOptions& options)
        : mean_(options.mean), deviation_(options.deviation) {}

    [[nodiscard]] double density(double x) const {
        const double z = (x - mean_) / deviation_;
        return std::exp(-z * z / 2) / (deviation_ * std::sqrt(2 * std::numbers::pi));
    }
    /// Of the interval (a, b).
    [[nodiscard]] double probability(double a, double b) const {
        const double scale = deviation_ * std::numbers::sqrt2;
        return (std::erf((b - mean_) / scale) - std::erf((a - mean_) / scale)) / 2;
    }
    [[nodiscard]] double deviation() const { return deviation_; }

private:
    double mean_, deviation_;
};

void require_usable(double base, int steps, const CodeErrorOptions& options) {
    if (!(base > 1 && std::isfinite(base)))
        fail(Fault::bad_input, "code error: base is {}; it must be > 1", base);
    if (steps < 1) fail(Fault::bad_input, "code error: steps is {}; it must be >= 1", steps);
    if (!std::isfinite(options.mean) || !(options.deviation > 0) ||
        !std::isfinite(options.deviation))
        fail(Fault::bad_input,
             "code error: mean {} and deviation {}; they must be finite, the deviation > 0",
             options.mean, options.deviation);
    if (!(Gaussian(options).probability(0, 1) > 0))
        fail(Fault::bad_input,
             "code error: mean {} and deviation {} leave no activation between 0 and 1",
             options.mean, options.deviation);
    if (options.first_phase != 0 && options.first_phase != 1)
        fail(Fault::bad_input, "code error: first phase is {}; it must be 0 or 1",
             options.first_phase);
}

/// Nodes and weights of 8-point Gauss-Legendre quadrature on (-1, 1), positive half.
constexpr std::array<std::array<double, 2>, 4> legendre = {{
    {0.18343464249564980, 0.36268378337836198},
    {0.52553240991632899, 0.31370664587788729},
    {0.79666647741362674, 0.22238103445337447},
    {0.96028985649753623, 0.10122853629037626},
}};

/// Integral of |x - code| / x * f(x) over (a, b), in which x - code keeps its sign. In u = ln x the
/// integrand is |e^u - code| f(e^u), smooth wherever the Gaussian is wide against the piece.
double integrate_piece(double a, double b, double code, const Gaussian& gaussian) {
    const double widths = std::max(std::log(b / a) / 0.5, (b - a) / gaussian.deviation());
    const int n_parts = static_cast<int>(std::clamp(std::ceil(widths), 1.0, 10'000.0));
    const double half = std::log(b / a) / n_parts / 2;
    const auto integrand = [&](double u) {
        const double x = std::exp(u);
        return std::abs(x - code) * gaussian.density(x);
    };
    double sum = 0;
    for (int part = 0; part < n_parts; ++part) {
        const double middle = std::log(a) + (2 * part + 1) * half;
        for (const auto& [node, weight] : legendre)
            sum += weight * (integrand(middle - node * half) + integrand(middle + node * half));
    }
    return sum * half;
}

/// The same over (a, b) on both sides of `code`.
double integrate_around(double a, double b, double code, const Gaussian& gaussian) {
    if (!(a < b)) return 0;
    if (code <= a || code >= b) return integrate_piece(a, b, code, gaussian);
    return integrate_piece(a, code, code, gaussian) + integrate_piece(code, b, code, gaussian);
}

}  // namespace

double code_error(double base, int steps, const CodeErrorOptions& options) {
    require_usable(base, steps, options);
    const Gaussian gaussian(options);
    const double shift = options.threshold_shift ? (1 + 1 / base) / 2 : 1;
    double error = 0;
    double upper = 1;  // of the values that the phase takes
    for (int k = 0; k < steps && upper > negligible; ++k) {
        const double code = std::pow(base, -(k + options.first_phase));
        const double lower = std::min(shift * code, upper);
        error += integrate_around(lower, upper, code, gaussian);
        upper = lower;
    }
    error += gaussian.probability(0, upper);  // no spike: all of the value is lost
    return 100 * error / gaussian.probability(0, 1);
}

float best_base(int steps, const CodeErrorOptions& options) {
    // The error falls and rises once over base - 1, up to ripples from the largest phase; equal
    // steps of its logarithm serve T = 4096 (optimum near 1.004) as well as T = 1.
    double low = std::log(5e-4), high = std::log(largest_base - 1);
    double best = low;
    constexpr int n_candidates = 240;
    for (int round = 0; round < 3; ++round) {
        const double step = (high - low) / n_candidates;
        double least = HUGE_VAL;
        for (int k = 0; k <= n_candidates; ++k) {
            const double error = code_error(1 + std::exp(low + k * step), steps, options);
            if (error >= least) continue;
            least = error;
            best = low + k * step;
        }
        low = std::max(std::log(5e-4), best - 2 * step);
        high = std::min(std::log(largest_base - 1), best + 2 * step);
    }
    const double excess = std::exp(best);
    const double digit = std::pow(10, std::floor(std::log10(excess)) - 2);
    return static_cast<float>(1 + std::round(excess / digit) * digit);
}

}  // namespace ranvier
