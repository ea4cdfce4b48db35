#include "ranvier/train/curves.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/train/event_file.hpp"

#include <chrono>
#include <fstream>

namespace ranvier {

namespace {

std::optional<double> synops(const EpochResult& e) {
    return e.synops > 0 ? std::optional(e.synops) : std::nullopt;
}

std::string csv_text(const std::vector<EpochResult>& epochs) {
    const auto cell = [](const std::optional<double>& value) {
        return value ? fmt::format("{}", *value) : std::string();
    };
    std::string text =
        "epoch,loss,accuracy,learning_rate,images_per_second,test_loss,test_accuracy,synops\n";
    for (const EpochResult& e : epochs)
        text += fmt::format("{},{},{},{},{},{},{},{}\n", e.epoch, e.loss, e.accuracy,
                            e.learning_rate, e.images_per_second, cell(e.test_loss),
                            cell(e.test_accuracy), cell(synops(e)));
    return text;
}

std::string event_of(const EpochResult& e) {
    std::vector<Scalar> scalars;
    const auto add = [&](std::string_view tag, const std::optional<double>& value) {
        if (value) scalars.push_back({tag, static_cast<float>(*value)});
    };
    add("train/loss", e.loss);
    add("train/accuracy", e.accuracy);
    add("train/learning_rate", e.learning_rate);
    add("train/images_per_second", e.images_per_second);
    add("test/loss", e.test_loss);
    add("test/accuracy", e.test_accuracy);
    add("train/synops", synops(e));
    return event_record(e.unix_time, e.epoch, scalars);
}

}  // namespace

double unix_time() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
}

void CurveFiles::begin(const std::vector<EpochResult>& epochs) const {
    if (folder_.empty()) return;
    std::string events_text = event_file_start(epochs.empty() ? unix_time() : epochs[0].unix_time);
    for (const EpochResult& epoch : epochs) events_text += event_of(epoch);
    write_file(events(), events_text);
    write_file(table(), csv_text(epochs));
}

void CurveFiles::add_last(const std::vector<EpochResult>& epochs) const {
    if (folder_.empty()) return;
    std::ofstream file(events(), std::ios::binary | std::ios::app);
    file << event_of(epochs.back()) << std::flush;
    if (!file) fail(Fault::io, "{}: cannot be written", events().string());
    write_file(table(), csv_text(epochs));
}

}  // namespace ranvier
