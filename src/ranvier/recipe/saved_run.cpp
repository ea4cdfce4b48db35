#include "ranvier/recipe/saved_run.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/recipe/crossbar_result.hpp"
#include "ranvier/report/json.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <string_view>

namespace ranvier {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t max_result_bytes = std::uint64_t{256} << 20;

Json read_json(const fs::path& file) {
    try {
        return Json::parse(read_file(file, max_result_bytes));
    } catch (const Json::exception&) {
        fail(Fault::bad_input,
             "report: {} is no JSON; give a result file that --json of run, evaluate, attack, "
             "convert, sweep or stdp wrote, or the folder of a run",
             file.string());
    }
}

/// Parts of `line` between commas.
std::vector<std::string_view> cells_of(std::string_view line) {
    std::vector<std::string_view> cells;
    for (;;) {
        const std::size_t comma = line.find(',');
        cells.push_back(line.substr(0, comma));
        if (comma == std::string_view::npos) return cells;
        line.remove_prefix(comma + 1);
    }
}

/// Epochs of a training's curves.csv; cells that are no numbers are left out.
Json read_curves(const fs::path& file) {
    const std::string text = read_file(file, max_result_bytes);
    std::string_view rest = text;
    std::vector<std::string_view> names;
    Json epochs = Json::array();
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::vector<std::string_view> cells = cells_of(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (names.empty()) {
            names = cells;
            continue;
        }
        Json epoch = Json::object();
        for (std::size_t c = 0; c < std::min(cells.size(), names.size()); ++c) {
            double value = 0;
            const char* last = cells[c].data() + cells[c].size();
            const auto [stopped, fault] = std::from_chars(cells[c].data(), last, value);
            if (fault == std::errc() && stopped == last) epoch[std::string(names[c])] = value;
        }
        epochs.push_back(std::move(epoch));
    }
    return epochs;
}

/// "name" of a folder "03-name".
std::string stage_name(const fs::path& folder) {
    const std::string name = folder.filename().string();
    return name.substr(std::min(name.find('-') + 1, name.size()));
}

/// A stage by what its folder holds; none if that is nothing yet.
std::optional<StageRecord> read_stage(const fs::path& folder) {
    const std::string name = stage_name(folder);
    if (fs::is_regular_file(folder / "result.json")) {
        Json result = read_json(folder / "result.json");
        const Json stage = result.is_object() ? result.value("stage", Json::object()) : Json();
        if (!stage.is_object())
            fail(Fault::bad_input, "report: {} is not the result of a stage",
                 (folder / "result.json").string());
        std::string kind = stage.value("do", "");
        return StageRecord{name, std::move(kind), std::move(result)};
    }
    if (fs::is_regular_file(folder / "curves.csv"))
        return StageRecord{name, "train", Json{{"epochs", read_curves(folder / "curves.csv")}}};
    return {};
}

/// Whether a folder's name is that of a stage: digits, a dash, a name.
bool is_stage_name(std::string_view name) {
    const std::size_t dash = name.find('-');
    return dash != std::string_view::npos && dash > 0 && dash + 1 < name.size() &&
           std::ranges::all_of(name.substr(0, dash), [](char c) { return c >= '0' && c <= '9'; });
}

/// Folders of stages: those that the result lists, or without a result all that look like one.
std::vector<fs::path> stage_folders(const fs::path& run, const Json& result) {
    std::vector<fs::path> folders;
    if (result.is_object() && result.contains("stages")) {
        for (const Json& stage : result["stages"])
            folders.push_back(run /
                              fmt::format("{:02}-{}", folders.size() + 1, stage.value("name", "")));
        return folders;
    }
    for (const fs::directory_entry& entry : fs::directory_iterator(run))
        if (entry.is_directory() && is_stage_name(entry.path().filename().string()))
            folders.push_back(entry.path());
    std::ranges::sort(folders);
    return folders;
}

/// What is finished of an unfinished run, in the form of a whole result.
Json partial_result(const std::vector<StageRecord>& stages) {
    Json result = {{"stages", Json::array()}};
    for (const StageRecord& stage : stages) {
        result["stages"].push_back({{"do", stage.kind}, {"name", stage.name}});
        if (stage.result.contains("accuracy")) result[stage.name] = stage.result;
    }
    return result;
}

/// The evaluation that `stage` left, its network mapped onto arrays.
Json mapped(const fs::path& stage, const CrossbarOptions& options) {
    const fs::path file = stage / "result.json";
    EvaluationResult result =
        evaluation_from_json(read_file(file, max_result_bytes), file.string());
    if (result.layers.empty())
        fail(Fault::unsupported, "{} does not list the layers", file.string());
    result.crossbars =
        crossbar_result(load_network(stage / "network.safetensors"), options, result.layers);
    return to_json(result)["crossbars"];
}

void add_crossbars(const std::vector<fs::path>& folders, const CrossbarOptions& options,
                   RunRecord& record) {
    const std::string headline = headline_of(record);
    for (const fs::path& folder : folders) {
        if (stage_name(folder) != headline || !fs::is_regular_file(folder / "network.safetensors"))
            continue;
        try {
            record.crossbars[headline] = mapped(folder, options);
        } catch (const Error& error) {
            record.notes.push_back(fmt::format("Hardware mapping left out: {}", error.what()));
        }
        return;
    }
}

RunRecord load_folder(const fs::path& path, const std::optional<CrossbarOptions>& crossbars) {
    const fs::path folder = path.filename().empty() ? path.parent_path() : path;
    RunRecord record{fs::absolute(folder).lexically_normal().filename().string(), path.string(),
                     Json()};
    const fs::path file = folder / "result.json";
    const bool finished = fs::is_regular_file(file);
    if (finished) record.result = read_json(file);
    const std::vector<fs::path> folders = stage_folders(folder, record.result);
    for (const fs::path& stage : folders)
        if (auto read = read_stage(stage)) record.stages.push_back(std::move(*read));
    if (!finished && record.stages.empty())
        fail(Fault::bad_input,
             "report: {} has no result.json and no stages; give the folder that ranvier run wrote "
             "(--out), or a JSON file",
             path.string());
    if (!finished) {
        record.result = partial_result(record.stages);
        record.notes.emplace_back("The run is not finished: what its stages have so far.");
    }
    if (crossbars) add_crossbars(folders, *crossbars, record);
    return record;
}

}  // namespace

RunRecord load_run(const fs::path& path, const std::optional<CrossbarOptions>& crossbars) {
    try {
        if (fs::is_directory(path)) return load_folder(path, crossbars);
        const Json result = read_json(path);
        const bool of_folder = path.filename() == "result.json";
        if (of_folder && result.is_object() && result.contains("stages"))
            return load_folder(path.has_parent_path() ? path.parent_path() : fs::path("."),
                               crossbars);
        const std::string name =
            (of_folder ? fs::absolute(path).parent_path().filename() : path.stem()).string();
        return {name, path.string(), result};
    } catch (const Json::exception& error) {
        fail(Fault::bad_input, "report: {} is no result of Ranvier: {}", path.string(),
             error.what());
    }
}

}  // namespace ranvier
