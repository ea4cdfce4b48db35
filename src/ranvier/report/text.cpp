#include "ranvier/report/text.hpp"

#include "ranvier/report/table.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace ranvier {

namespace {

std::string bases_text(const CodingResult& coding) {
    if (coding.bases.empty()) return fmt::format("{:.6g}", coding.base);
    const auto [least, largest] = std::minmax_element(coding.bases.begin(), coding.bases.end());
    return fmt::format("{:.4g} to {:.4g} by layer", *least, *largest);
}

std::string steps_text(const EvaluationResult& result) {
    const CodingResult& coding = result.coding;
    if (coding.coding == "one_spike")
        return fmt::format("{} (T = {} per layer, W = {}, Q = {}{})", result.timesteps,
                           coding.steps, coding.wait, bases_text(coding),
                           coding.threshold_shift ? "" : ", no threshold shift");
    if (result.replay_bin_us > 0)
        return fmt::format(
            "{} at most, {:.1f} on average ({} us of events each, {} propagation, reset: {})",
            result.timesteps, result.mean_steps, result.replay_bin_us, coding.propagation,
            coding.reset);
    return fmt::format("{} ({} input, {} propagation, reset: {})", result.timesteps,
                       coding.input_coding, coding.propagation, coding.reset);
}

void add_line(std::string& text, const char* label, const std::string& value) {
    text += fmt::format("{:<22}{}\n", label, printable(value));
}

std::string efficiency_text(const EvaluationResult& result) {
    std::string text = fmt::format("{:.4g}", result.efficiency_eq6);
    if (result.efficiency_eq6_int8 > 0)
        text += fmt::format(" (int8 MAC 0.23 pJ: {:.4g}; 0.20 pJ: {:.4g})",
                            result.efficiency_eq6_int8, result.efficiency_eq6_int8_multiplier_only);
    return text;
}

void add_spiking_lines(std::string& text, const EvaluationResult& result) {
    add_line(text, "timesteps", steps_text(result));
    if (result.coding.coding == "one_spike")
        add_line(
            text, "latency",
            fmt::format("{} steps; a pipeline with {} membrane{} per neuron answers every {}",
                        result.latency_steps, result.membrane_banks,
                        result.membrane_banks == 1 ? "" : "s", result.pipelined_steps_per_image));
    add_line(text, "spikes per neuron",
             fmt::format("{:.4g} ({} neurons, {} spikes per image)", result.spikes_per_neuron,
                         result.neurons, count_text(result.spikes)));
    if (result.coding.coding == "one_spike")
        add_line(text, "neurons that spike",
                 fmt::format("{} (mean of layers {})", percent_text(result.fired_fraction),
                             percent_text(result.fired_fraction_layer_mean)));
    add_line(text, "SynOps per image",
             fmt::format("{} (borders ignored: {})", count_text(result.synops),
                         count_text(result.synops_nominal)));
    add_line(text, "MACs per image",
             fmt::format("{} (float network: {})", count_text(result.macs),
                         count_text(result.float_macs)));
    add_line(text, "energy per image",
             fmt::format("{} (float network: {}; {}, first layer paid {})",
                         energy_text(result.energy_pj), energy_text(result.float_energy_pj),
                         result.energy.constants,
                         result.energy.first_layer == "once" ? "once" : "per step"));
    add_line(text, "normalized operations", fmt::format("{:.4g}", result.normalized_operations));
    add_line(text, "efficiency (eq. 6)", efficiency_text(result));
}

void add_float_lines(std::string& text, const EvaluationResult& result) {
    add_line(text, "MACs per image", count_text(result.macs));
    add_line(text, "energy per image",
             fmt::format("{} ({})", energy_text(result.energy_pj), result.energy.constants));
}

std::string crossbars_text(const CrossbarResult& result) {
    return fmt::format(
        "{} of {} x {} ({}), {} of the cells used; a sample switches on {} rows and {} devices "
        "(float network: {} and {})",
        result.arrays, result.rows, result.columns, result.scheme, percent_text(result.utilization),
        count_text(result.rows_read), count_text(result.cells_read),
        count_text(result.float_rows_read), count_text(result.float_cells_read));
}

/// A layer that neither computes nor fires says nothing in a table of work.
bool idle(const LayerResult& layer) {
    return layer.neurons == 0 && layer.synops == 0 && layer.macs == 0 && layer.float_macs == 0;
}

std::string layers_text(const EvaluationResult& result) {
    const bool spiking = result.timesteps > 0;
    std::vector<std::string> header = {"layer", "kind", "MACs"};
    if (spiking) header = {"layer", "kind", "neurons", "spikes/neuron", "SynOps", "MACs"};
    header.emplace_back("energy");
    Table table(header);
    for (const LayerResult& layer : result.layers) {
        if (idle(layer) || (!spiking && layer.macs == 0)) continue;
        std::vector<std::string> row = {layer.name, layer.kind};
        if (spiking) {
            const bool fires = layer.neurons > 0;
            row.push_back(fires ? fmt::format("{}", layer.neurons) : "");
            row.push_back(fires ? fmt::format("{:.4f}", layer.spikes_per_neuron) : "");
            row.push_back(layer.synops > 0 ? count_text(layer.synops) : "");
        }
        row.push_back(layer.macs > 0 ? count_text(layer.macs) : "");
        row.push_back(layer.energy_pj > 0 ? energy_text(layer.energy_pj) : "");
        table.add_row(std::move(row));
    }
    return table.text();
}

/// Accuracy after 1, 2, 4, 8, ... steps and at the end.
std::string accuracy_over_time(const EvaluationResult& result) {
    std::string text;
    const std::size_t n = result.accuracy_per_step.size();
    for (std::size_t step = 1; step < n; step *= 2)
        text += fmt::format("{}: {}  ", step, percent_text(result.accuracy_per_step[step - 1]));
    return text + fmt::format("{}: {}", n, percent_text(result.accuracy_per_step[n - 1]));
}

/// A histogram of ten bars.
std::string exits_text(const EvaluationResult& result) {
    const std::vector<std::uint64_t>& exits = result.exits_after;
    const std::size_t width = (exits.size() + 9) / 10;
    std::string text = fmt::format("mean {:.1f};", result.mean_steps);
    for (std::size_t first = 0; first < exits.size(); first += width) {
        const std::size_t last = std::min(first + width, exits.size());
        std::uint64_t n = 0;
        for (std::size_t t = first; t < last; ++t) n += exits[t];
        text += fmt::format("  {}-{}: {:.1f} %", first + 1, last,
                            100 * static_cast<double>(n) / static_cast<double>(result.samples));
    }
    return text;
}

}  // namespace

std::string evaluation_text(const EvaluationResult& result) {
    std::string text;
    add_line(
        text, "network",
        fmt::format("{} ({}{})", result.network_file, result.coding.coding,
                    result.weights == "float32" ? std::string()
                                                : fmt::format(", {} weights", result.weights)));
    add_line(text, "data", result.data);
    add_line(text, "accuracy",
             fmt::format("{} +- {:.2f} ({} of {})", percent_text(result.accuracy),
                         100 * result.accuracy_error, result.correct, result.samples));
    if (!result.accuracy_per_step.empty())
        add_line(text, "accuracy after step", accuracy_over_time(result));
    if (!result.exits_after.empty()) add_line(text, "decided after steps", exits_text(result));
    if (result.timesteps > 0)
        add_spiking_lines(text, result);
    else
        add_float_lines(text, result);
    add_line(text, "null weights",
             fmt::format("{} (|w| < 1e-9)", percent_text(result.null_weight_fraction)));
    if (result.crossbars.rows > 0) add_line(text, "arrays", crossbars_text(result.crossbars));
    add_line(text, "speed",
             fmt::format("{:.1f} images/s ({:.2f} s, {} threads, engine: {})",
                         result.images_per_second, result.seconds, result.threads, result.engine));
    return text + "\n" + layers_text(result);
}

std::string comparison_text(std::span<const EvaluationResult> results) {
    Table table({"network", "accuracy", "+-", "timesteps", "spikes/neuron", "SynOps", "MACs",
                 "energy", "images/s"});
    for (const EvaluationResult& result : results) {
        const bool spiking = result.timesteps > 0;
        table.add_row({result.title, percent_text(result.accuracy),
                       fmt::format("{:.2f}", 100 * result.accuracy_error),
                       spiking ? fmt::format("{}", result.timesteps) : "-",
                       spiking ? fmt::format("{:.4f}", result.spikes_per_neuron) : "-",
                       spiking ? count_text(result.synops) : "-", count_text(result.macs),
                       energy_text(result.energy_pj),
                       fmt::format("{:.0f}", result.images_per_second)});
    }
    return table.text();
}

}  // namespace ranvier
