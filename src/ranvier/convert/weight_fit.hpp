#pragma once

#include "ranvier/base/samples.hpp"
#include "ranvier/convert/layer_values.hpp"
#include "ranvier/net/network.hpp"

#include <cstddef>
#include <vector>

namespace ranvier {

/// Rows of numbers, row major.
struct Matrix {
    Matrix(std::size_t rows, std::size_t columns)
        : n_rows(rows), n_columns(columns), values(rows * columns) {}
    [[nodiscard]] float& at(std::size_t row, std::size_t column) {
        return values[row * n_columns + column];
    }
    std::size_t n_rows, n_columns;
    std::vector<float> values;
};

/// D that minimizes |target - inputs D|^2 + lambda m |D|^2, m the mean diagonal entry of
/// inputs^T inputs: the normal equations, by Cholesky in double precision.
/// @param inputs  [n][k]. @param target  [n][n_out]. @return [k][n_out].
[[nodiscard]] Matrix ridge(const Matrix& inputs, const Matrix& target, double lambda);

/// The best D over several lambdas, judged by the last fifth of the rows, which is not fitted;
/// zeros if no D makes the error there smaller.
[[nodiscard]] Matrix ridge_by_held_out(const Matrix& inputs, const Matrix& target);

/// Corrects the weights of layer `weighted` (convolution or linear), whose sums are part of the
/// membranes that layer `membrane` holds, so that the membranes of `network` come nearer to
/// `wanted`: least squares on the values that really arrive there, unlabelled images only.
/// @param wanted  sample_layer_values of the float network's membranes, for the same samples and
///                options.
/// @return false, and nothing is changed, if the layer is unsuited: grouped or int8 weights, more
///         than 4096 inputs per output, or the image itself as input.
bool correct_weights(Network& network, std::size_t weighted, std::size_t membrane,
                     const LayerValues& wanted, const Samples& samples,
                     const LayerValuesOptions& options);

}  // namespace ranvier
