#include "ranvier/recipe/attack_stage.hpp"

#include "ranvier/recipe/table_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace ranvier {

namespace {

/// The whole of a text as a number.
template <typename Number>
std::optional<Number> number_in(std::string_view text) {
    Number number{};
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return number;
}

void read_lists(TableReader& reader, AttackStage& stage) {
    std::vector<std::string> words;
    if (reader.read_words("method", words)) {
        stage.methods.clear();
        for (const std::string& word : words)
            stage.methods.push_back(value_named<AttackMethod>(word, reader.place("method")));
    }
    if (reader.read_words("epsilon", words)) {
        stage.epsilons.clear();
        for (const std::string& word : words)
            stage.epsilons.push_back(fraction_named(word, reader.place("epsilon")));
    }
    reader.read("steps", stage.steps, 1);
    reader.read("leak", stage.leaks);
    if (stage.methods.empty() || stage.epsilons.empty())
        fail(Fault::bad_input, "{}: is an empty list; give at least one",
             reader.place(stage.methods.empty() ? "method" : "epsilon"));
}

bool pgd(const AttackStage& stage) {
    return std::ranges::find(stage.methods, AttackMethod::pgd) != stage.methods.end();
}
bool decays(const AttackStage& stage) {
    return stage.options.surrogate.kind != SurrogateKind::linear;
}

bool through_time(const AttackStage& stage) {
    return stage.options.gradient != SpikeGradient::rate;
}

const std::vector<KeyUse<AttackStage>>& key_uses() {
    const Need<AttackStage> of_pgd{"method", {name_of(AttackMethod::pgd)}, pgd},
        decaying{"surrogate",
                 {name_of(SurrogateKind::stdb), name_of(SurrogateKind::exponential)},
                 decays},
        in_time{"gradient",
                {name_of(SpikeGradient::automatic), name_of(SpikeGradient::through_time)},
                through_time};
    static const std::vector<KeyUse<AttackStage>> all = {{"step", {of_pgd}},
                                                         {"iterations", {of_pgd}},
                                                         {"random_start", {of_pgd}},
                                                         {"surrogate", {in_time}},
                                                         {"surrogate_scale", {in_time}},
                                                         {"surrogate_decay", {in_time, decaying}}};
    return all;
}

void read_gradient(TableReader& reader, AttackStage& stage) {
    reader.read_name("gradient", stage.options.gradient);
    Surrogate& surrogate = stage.options.surrogate;
    reader.read_name("surrogate", surrogate.kind);
    if (surrogate.kind == SurrogateKind::exponential) surrogate.decay = 1;
    reader.read("surrogate_scale", surrogate.scale, 0, 1e30);
    reader.read("surrogate_decay", surrogate.decay, 0, 1e30);
    remember_gradient(stage, KeyStyle::toml,
                      [&reader](const char* key) { return reader.has(key); });
}

}  // namespace

std::optional<UnusedKey> unused_attack_key(const AttackStage& stage, KeyStyle style,
                                           const std::function<bool(const char*)>& given) {
    return first_unused(key_uses(), stage, style, given);
}

void remember_gradient(AttackStage& stage, KeyStyle style,
                       const std::function<bool(const char*)>& given) {
    SpikeGradient& gradient = stage.options.gradient;
    if (gradient != SpikeGradient::automatic) stage.gradient_key = key_text("gradient", style);
    for (const char* key : {"surrogate_decay", "surrogate_scale", "surrogate"}) {
        if (!given(key)) continue;
        stage.gradient_key = key_text(key, style);
        if (!given("gradient")) gradient = SpikeGradient::through_time;
    }
}

double fraction_named(const std::string& word, const std::string& where) {
    const std::size_t slash = word.find('/');
    const auto above = number_in<double>(std::string_view(word).substr(0, slash));
    const auto below = slash == std::string::npos
                           ? std::optional(1.0)
                           : number_in<double>(std::string_view(word).substr(slash + 1));
    const double value = above && below ? *above / *below : std::nan("");
    if (!std::isfinite(value))
        fail(Fault::bad_input, "{}: is '{}'; it must be a number or a fraction, for instance 8/255",
             where, word);
    return value;
}

void set_target(AttackOptions& options, const std::string& word, const std::string& where) {
    options.goal = AttackGoal::untargeted;
    if (word == "none") return;
    options.goal = AttackGoal::random_class;
    if (word == "random") return;
    options.goal = AttackGoal::fixed_class;
    const auto target = number_in<int>(word);
    if (!target || *target < 0)
        fail(Fault::bad_input, "{}: is '{}'; it must be none, random, or the number of a class",
             where, word);
    options.target = *target;
}

std::string target_name(const AttackOptions& options) {
    if (options.goal == AttackGoal::fixed_class) return fmt::format("{}", options.target);
    return options.goal == AttackGoal::untargeted ? "none" : "random";
}

AttackStage read_attack_stage(TableReader& reader) {
    AttackStage stage;
    AttackOptions& options = stage.options;
    read_lists(reader, stage);
    std::vector<std::string> words;
    const auto only_word = [&](const char* key) -> std::optional<std::string> {
        if (!reader.read_words(key, words)) return std::nullopt;
        if (words.size() != 1) fail(Fault::bad_input, "{}: must be one value", reader.place(key));
        return words.front();
    };
    if (const auto word = only_word("step"))
        options.step = fraction_named(*word, reader.place("step"));
    if (const auto word = only_word("target")) set_target(options, *word, reader.place("target"));
    reader.read_integer("iterations", options.iterations, 1, 1 << 20);
    reader.read("random_start", options.random_start);
    read_gradient(reader, stage);
    const auto given = [&reader](const char* key) { return reader.has(key); };
    if (const auto unused = unused_attack_key(stage, KeyStyle::toml, given))
        reader.require_use(unused->key.c_str(), false, unused->needs.c_str());
    reader.read_integer("limit", stage.limit, 0);
    reader.read("crafted_on", stage.crafted_on);
    reader.read("save_images", stage.save_images);
    return stage;
}

}  // namespace ranvier
