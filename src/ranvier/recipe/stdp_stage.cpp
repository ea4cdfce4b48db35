#include "ranvier/recipe/stdp_stage.hpp"

#include "ranvier/recipe/table_reader.hpp"
#include "ranvier/stdp/option_names.hpp"

#include <type_traits>

namespace ranvier {

namespace {

constexpr double huge = 1e30;  ///< no limit but finite: require_usable knows the real ones

}  // namespace

StdpStage read_stdp_stage(TableReader& reader) {
    StdpStage stage;
    LeakyForm form = LeakyForm::conductance;
    reader.read_name("form", form);
    stage.options = default_options(form);
    visit_options(stage.options, [&reader](const std::string& name, auto& value) {
        if constexpr (std::is_same_v<std::remove_reference_t<decltype(value)>, int>) {
            reader.read_integer(name.c_str(), value, 0);
        } else {
            double wide = value;
            reader.read(name.c_str(), wide, -huge, huge);
            value = static_cast<float>(wide);
        }
    });
    reader.read_integer("epochs", stage.training.epochs, 1, 100'000);
    reader.read_integer("checkpoint_every", stage.training.checkpoint_every, 1);
    PruneOptions& prune = stage.training.prune;
    reader.read_name("prune", prune.kind);
    double below = prune.threshold;
    reader.read("prune_below", below, 0, huge);
    prune.threshold = static_cast<float>(below);
    reader.read_integer("prune_every", prune.interval, 1);
    reader.read_integer("levels", prune.levels, 0, 65536);
    reader.read_integer("mature_spikes", prune.mature_spikes, 0);
    reader.read_integer("settle_images", stage.training.settle_images, 0);
    reader.read_name("readout", stage.readout);
    reader.read_integer("limit", stage.limit, 0);
    reader.read_integer("label_images", stage.label_images, 0);
    reader.read_integer("test_images", stage.test_images, 0);
    reader.read("device_sigma", stage.device_sigma);
    reader.read("compare", stage.compare);
    reader.read("pictures", stage.pictures);
    require_usable(stage.options);
    require_usable(prune, stage.options.law.w_max);
    return stage;
}

}  // namespace ranvier
