#include "ranvier/recipe/sweep.hpp"

#include "ranvier/base/file.hpp"
#include "ranvier/recipe/child_process.hpp"
#include "ranvier/recipe/run_recipe.hpp"
#include "ranvier/report/json.hpp"
#include "ranvier/report/text.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <list>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace ranvier {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

using namespace std::chrono_literals;
constexpr auto look_interval = 50ms;

/// The right to run point `index`, held while this object lives. Not a lock of `flock`, which some
/// network file systems do not have.
class Claim {
public:
    /// None if somebody else has it. Makes the file if need be, in place: one that is renamed there
    /// would take it from under the locks of a sweep that began at the same moment.
    static std::optional<Claim> take(const fs::path& file, std::size_t index) {
        const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (descriptor < 0) refuse(file);
        Claim claim(descriptor);
        struct flock lock = {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        lock.l_start = static_cast<off_t>(index);
        lock.l_len = 1;
        if (::fcntl(descriptor, F_OFD_SETLK, &lock) == 0) return claim;
        if (errno == EAGAIN || errno == EACCES) return std::nullopt;
        refuse(file);
    }
    ~Claim() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    Claim(Claim&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Claim& operator=(Claim&&) = delete;

private:
    explicit Claim(int descriptor) : descriptor_(descriptor) {}
    [[noreturn]] static void refuse(const fs::path& file) {
        fail(Fault::io, "{}: cannot be locked: {}", file.string(),
             std::system_category().message(errno));
    }
    int descriptor_;
};

/// The last line of a log that says what went wrong.
std::string error_of(const fs::path& log, int exit_code) {
    const std::string mark = "ranvier: error: ";
    const std::string text = read_file(log);
    const std::size_t at = text.rfind(mark);
    if (at != std::string::npos) {
        const std::size_t begin = at + mark.size();
        return text.substr(begin, text.find('\n', begin) - begin);
    }
    if (exit_code > 128)
        return fmt::format("ended by signal {} (9: killed, for instance when memory ran out); {}",
                           exit_code - 128, log.string());
    return fmt::format("ended with exit code {}; see {}", exit_code, log.string());
}

class Sweep {
public:
    explicit Sweep(const SweepRequest& request) : request_(request) {
        for (GridPoint& point : grid_points(request.axes)) {
            std::vector<std::string> overrides = request.overrides;
            overrides.insert(overrides.end(), point.overrides.begin(), point.overrides.end());
            recipes_.push_back(with_context(fmt::format("point {}", point.label), [&] {
                return load_recipe(request.recipe, overrides);
            }));
            results_.push_back({std::move(point)});
        }
        settled_.assign(results_.size(), false);
    }

    std::vector<PointResult> run() {
        begin();
        while (n_settled_ < results_.size()) {
            for (std::size_t p = 0; p < results_.size(); ++p)
                if (!settled_[p] && !running_here(p)) look_at(p);
            collect();
            request_.progress->advance(0);  // a chance to stop
            std::this_thread::sleep_for(look_interval);
        }
        request_.progress->finish();
        return std::move(results_);
    }

private:
    struct Running {
        std::size_t point;
        Claim claim;
        ChildProcess process;
    };

    [[nodiscard]] fs::path file(std::size_t p, const char* ending) const {
        return request_.out / (results_[p].point.folder + ending);
    }
    [[nodiscard]] fs::path folder(std::size_t p) const { return file(p, ""); }
    [[nodiscard]] fs::path claims() const { return request_.out / "claims"; }
    [[nodiscard]] bool running_here(std::size_t p) const {
        return std::any_of(running_.begin(), running_.end(),
                           [p](const Running& r) { return r.point == p; });
    }

    void begin() {
        std::error_code ec;
        fs::create_directories(request_.out, ec);
        if (ec)
            fail(Fault::io, "{}: folder cannot be made: {}", request_.out.string(), ec.message());
        // A failure noted from now on is this sweep's, or that of one beside it; an earlier one is
        // tried again. The clock is that of the file system, which the notes have too.
        fs::path mark = request_.out / fmt::format("started-{}", ::getpid());
        write_file(mark, "");
        began_ = fs::last_write_time(mark);
        fs::remove(mark, ec);
        request_.progress->start("sweep", "points", results_.size());
    }

    /// Settles a point that others have settled, or starts it if it is free and we are.
    void look_at(std::size_t p) {
        std::optional<Claim> claim = Claim::take(claims(), p);
        if (!claim) return;
        if (is_done(recipes_[p], folder(p))) return settle_done(p, "was done before");
        if (failed_meanwhile(p)) return settle_failed(p);
        if (running_.size() >= static_cast<std::size_t>(request_.n_processes)) return;
        std::error_code ec;
        fs::remove(file(p, ".failed"), ec);
        running_.push_back({p, std::move(*claim),
                            ChildProcess(command(p), file(p, ".log"), "RANVIER_LAUNCHER=none")});
    }

    [[nodiscard]] bool failed_meanwhile(std::size_t p) const {
        std::error_code ec;
        const auto noted = fs::last_write_time(file(p, ".failed"), ec);
        return !ec && noted >= began_;
    }

    [[nodiscard]] std::vector<std::string> command(std::size_t p) const {
        std::vector<std::string> words = {request_.program.string(),
                                          "run",
                                          request_.recipe.string(),
                                          "--out",
                                          folder(p).string(),
                                          "--threads",
                                          fmt::format("{}", request_.n_threads)};
        for (const auto* list : {&request_.overrides, &results_[p].point.overrides})
            for (const std::string& assignment : *list) {
                words.emplace_back("--set");
                words.push_back(assignment);
            }
        return words;
    }

    void collect() {
        for (auto it = running_.begin(); it != running_.end();) {
            const std::optional<int> code = it->process.exit_code();
            if (!code) {
                ++it;
                continue;
            }
            const std::size_t p = it->point;
            if (*code == 0) {
                settle_done(p, "done");
            } else {
                const std::string error = error_of(file(p, ".log"), *code);
                write_file(file(p, ".failed"), fmt::format("{} {}\n", *code, error));
                settle_failed(p);
            }
            it = running_.erase(it);
        }
    }

    void settle_done(std::size_t p, const char* how) {
        results_[p].done = true;
        results_[p].text = read_file(folder(p) / "result.json");
        settle(p, how);
    }

    void settle_failed(std::size_t p) {
        const std::string note = read_file(file(p, ".failed"));
        const std::size_t space = note.find(' ');
        std::from_chars(note.data(), note.data() + note.size(), results_[p].exit_code);
        results_[p].error = note.substr(space + 1, note.find('\n') - space - 1);
        settle(p, fmt::format("failed: {}", results_[p].error));
    }

    void settle(std::size_t p, std::string_view how) {
        settled_[p] = true;
        ++n_settled_;
        if (request_.say)
            request_.say(fmt::format("[{}/{}] {}: {}", n_settled_, results_.size(),
                                     results_[p].point.label, how));
        request_.progress->advance(1);
    }

    const SweepRequest& request_;
    std::vector<Recipe> recipes_;
    std::vector<PointResult> results_;
    std::vector<bool> settled_;
    std::size_t n_settled_ = 0;
    fs::file_time_type began_;
    std::list<Running> running_;
};

std::string value_of(const std::string& assignment) {
    return assignment.substr(assignment.find('=') + 1);
}

}  // namespace

std::vector<PointResult> run_sweep(const SweepRequest& request) {
    return Sweep(request).run();
}

std::string sweep_json(const SweepRequest& request, const std::vector<PointResult>& results) {
    Json json = {{"recipe", request.recipe.string()},
                 {"overrides", request.overrides},
                 {"grid", Json::array()},
                 {"points", Json::array()}};
    for (const GridAxis& axis : request.axes)
        json["grid"].push_back({{"key", axis.key}, {"values", axis.values}});
    for (const PointResult& result : results) {
        Json point = {{"point", Json::object()},
                      {"folder", result.point.folder},
                      {"status", result.done ? "done" : "failed"}};
        for (std::size_t a = 0; a < request.axes.size(); ++a)
            point["point"][request.axes[a].key] = value_of(result.point.overrides[a]);
        if (!result.done) {
            point["error"] = result.error;
            point["exit_code"] = result.exit_code;
        } else {
            point.update(Json::parse(result.text));
        }
        json["points"].push_back(std::move(point));
    }
    return json_text(json);
}

std::string sweep_text(const std::vector<PointResult>& results) {
    std::vector<EvaluationResult> rows;
    std::string failed;
    for (const PointResult& result : results) {
        if (!result.done) {
            failed += fmt::format("failed: {}: {}\n", result.point.label, result.error);
            continue;
        }
        EvaluationResult row = evaluation_from_json(result.text, result.point.folder);
        if (row.samples == 0) continue;  // a recipe that evaluates nothing
        row.title = result.point.label;
        rows.push_back(std::move(row));
    }
    return (rows.empty() ? "" : comparison_text(rows)) + failed;
}

}  // namespace ranvier
