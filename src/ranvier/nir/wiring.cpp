#include "ranvier/nir/wiring.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <fmt/ranges.h>
#include <limits>
#include <queue>
#include <set>

namespace ranvier {

namespace {

/// Where edges that name a node go to and come from: an inner graph's Input and Output.
struct Ends {
    std::size_t in = 0, out = 0;
};

class Wiring {
public:
    explicit Wiring(const NirNode& graph) { add_graph(graph, ""); }

    std::vector<WiredNode> ordered() {
        const std::vector<std::size_t> order = order_of_reading();
        if (order.size() < nodes_.size()) refuse_circle(order);
        std::vector<std::size_t> place(nodes_.size());
        for (std::size_t k = 0; k < order.size(); ++k) place[order[k]] = k;
        std::vector<WiredNode> sorted;
        for (const std::size_t index : order) {
            for (std::size_t& source : nodes_[index].sources) source = place[source];
            sorted.push_back(std::move(nodes_[index]));
        }
        return sorted;
    }

private:
    Ends add_graph(const NirNode& graph, const std::string& prefix) {
        std::map<std::string, Ends> ends;
        std::vector<std::size_t> inputs, outputs;
        for (const NirNode& node : graph.nodes) {
            const std::string name = prefix + node.name;
            if (node.type == "NIRGraph") {
                ends[node.name] = add_graph(node, name + ".");
                continue;
            }
            if (node.type == "Input") inputs.push_back(nodes_.size());
            if (node.type == "Output") outputs.push_back(nodes_.size());
            const bool end = node.type == "Input" || node.type == "Output";
            ends[node.name] = {nodes_.size(), nodes_.size()};
            nodes_.push_back({&node, name, {}, 0, end && !prefix.empty()});
            rank_.push_back(std::numeric_limits<std::size_t>::max());
        }
        const std::string where =
            prefix.empty() ? "the graph" : "node '" + prefix.substr(0, prefix.size() - 1) + "'";
        if (inputs.size() != 1 || outputs.size() != 1)
            fail(Fault::bad_input, "{} has {} inputs and {} outputs; it must have one of each",
                 where, inputs.size(), outputs.size());
        for (const NirEdge& edge : graph.edges) add_edge(edge, ends, where);
        return {inputs[0], outputs[0]};
    }

    void add_edge(const NirEdge& edge, const std::map<std::string, Ends>& ends,
                  const std::string& where) {
        for (const std::string& name : {edge.from, edge.to})
            if (!ends.contains(name))
                fail(Fault::bad_input,
                     "{}: the edge '{}' -> '{}' names a node '{}', which is not there", where,
                     edge.from, edge.to, name);
        const std::size_t from = ends.at(edge.from).out, to = ends.at(edge.to).in;
        if (nodes_[from].node->type == "Output" && !nodes_[from].passes)
            fail(Fault::bad_input, "the edge '{}' -> '{}' leaves the output", edge.from, edge.to);
        if (nodes_[to].node->type == "Input" && !nodes_[to].passes)
            fail(Fault::bad_input, "the edge '{}' -> '{}' leads into the input", edge.from,
                 edge.to);
        if (!seen_.emplace(from, to).second)
            fail(Fault::bad_input, "the edge '{}' -> '{}' stands there twice", edge.from, edge.to);
        nodes_[to].sources.push_back(from);
        ++nodes_[from].n_readers;
        rank_[to] = std::min(rank_[to], seen_.size());
    }

    std::vector<std::size_t> order_of_reading() const {
        std::vector<std::size_t> waiting(nodes_.size());
        std::vector<std::vector<std::size_t>> readers(nodes_.size());
        using Ready = std::pair<std::size_t, std::size_t>;  // rank, node
        std::priority_queue<Ready, std::vector<Ready>, std::greater<>> ready;
        for (std::size_t n = 0; n < nodes_.size(); ++n) {
            waiting[n] = nodes_[n].sources.size();
            for (const std::size_t source : nodes_[n].sources) readers[source].push_back(n);
            if (waiting[n] > 0) continue;
            if (nodes_[n].node->type != "Input" || nodes_[n].passes)
                fail(Fault::bad_input, "node '{}' ({}): no edge leads to it", nodes_[n].name,
                     nodes_[n].node->type);
            ready.emplace(0, n);
        }
        std::vector<std::size_t> order;
        while (!ready.empty()) {
            const std::size_t n = ready.top().second;
            ready.pop();
            order.push_back(n);
            for (const std::size_t reader : readers[n])
                if (--waiting[reader] == 0) ready.emplace(rank_[reader], reader);
        }
        return order;
    }

    [[noreturn]] void refuse_circle(const std::vector<std::size_t>& order) const {
        std::vector<bool> done(nodes_.size());
        for (const std::size_t n : order) done[n] = true;
        auto n = static_cast<std::size_t>(std::ranges::find(done, false) - done.begin());
        std::vector<std::size_t> path;
        std::vector<bool> on_path(nodes_.size());
        while (!on_path[n]) {  // what is not done reads something that is not done
            on_path[n] = true;
            path.push_back(n);
            n = *std::ranges::find_if(nodes_[n].sources, [&](std::size_t s) { return !done[s]; });
        }
        std::vector<std::string> names = {nodes_[n].name};
        for (auto at = path.rbegin(); names.size() < 8; ++at) {
            names.push_back(nodes_[*at].name);
            if (*at == n) break;
        }
        fail(Fault::unsupported,
             "the graph is recurrent ({}); Ranvier runs feed-forward networks. `ranvier info` "
             "shows such a graph, and `ranvier export` copies it",
             fmt::join(names, " -> "));
    }

    std::vector<WiredNode> nodes_;
    std::vector<std::size_t> rank_;  ///< [n_nodes] number of the first edge that leads to it
    std::set<std::pair<std::size_t, std::size_t>> seen_;
};

}  // namespace

std::vector<WiredNode> wire(const NirNode& graph) {
    return Wiring(graph).ordered();
}

}  // namespace ranvier
