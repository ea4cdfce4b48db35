#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/nir/hdf5.hpp"
#include "ranvier/nir/nir_file.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace ranvier {

namespace {

using hdf5::Id;

constexpr int most_nested = 16;  ///< groups in groups: a circle of links has no end
constexpr std::size_t longest_name = 255;

/// Names stand in messages of one line.
bool is_name(const std::string& text) {
    return !text.empty() && text.size() <= longest_name &&
           std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

struct Link {
    std::string name;
    bool hard = false;
};

/// Called by HDF5, so nothing may be thrown from here.
herr_t collect_link(hid_t, const char* name, const H5L_info_t* info, void* links) noexcept {
    try {
        static_cast<std::vector<Link>*>(links)->push_back({name, info->type == H5L_TYPE_HARD});
        return 0;
    } catch (...) {
        return -1;
    }
}

/// What a fixed-length text means without its padding.
std::string trimmed(std::string text, H5T_str_t padding) {
    if (padding == H5T_STR_NULLTERM) return text.substr(0, text.find('\0'));
    const char filler = padding == H5T_STR_SPACEPAD ? ' ' : '\0';
    return text.substr(0, text.find_last_not_of(filler) + 1);
}

class Reader {
public:
    Reader(std::string_view bytes, const std::string& name)
        : name_(name),
          bytes_(bytes),
          bytes_left_(64 * bytes.size() + (std::uint64_t{16} << 20)),
          objects_left_(bytes.size() / 64 + 16),
          file_(hdf5::open_bytes(bytes)) {
        if (!file_)
            fail(Fault::bad_input, "{}: is no NIR file: it is not in HDF5 format, or is cut short",
                 name_);
    }

    NirModel read() {
        NirModel model;
        const Id root(H5Gopen2(file_.get(), "/", H5P_DEFAULT), H5Gclose);
        const std::vector<Link> links = links_of(root, "/");
        for (const char* needed : {"version", "node"})
            if (std::ranges::find(links, needed, &Link::name) == links.end())
                fail(Fault::bad_input, "{}: is no NIR file: it has no '{}'", name_, needed);
        model.version = text_at(root, "version", "");
        const Id node = open(root, {"node", true}, "");
        model.graph = read_node(node, "", "/node", 0);
        if (model.graph.type != "NIRGraph")
            fail(Fault::bad_input, "{}: 'node' is a {}; it must be a NIRGraph", name_,
                 model.graph.type);
        return model;
    }

private:
    template <typename... Args>
    [[noreturn]] void reject(const std::string& where, fmt::format_string<Args...> format,
                             Args&&... args) const {
        fail(Fault::bad_input, "{}: {}: {}", name_, where,
             fmt::format(format, std::forward<Args>(args)...));
    }
    [[noreturn]] void refuse(const std::string& where, const std::string& what) const {
        fail(Fault::unsupported, "{}: {}: {}", name_, where, what);
    }

    /// Room for something that the file claims to hold.
    void take(std::uint64_t count, std::uint64_t bytes_each, const std::string& where) {
        if (count > bytes_left_ / bytes_each)
            reject(where, "claims {} values, more than a file of this size can hold", count);
        bytes_left_ -= count * bytes_each;
    }

    std::vector<Link> links_of(const Id& group, const std::string& where) {
        std::vector<Link> links;
        if (!group ||
            H5Literate(group.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, collect_link, &links) < 0)
            reject(where, "is a group that cannot be read; the file is damaged");
        if (links.size() > objects_left_)
            reject(where, "holds more objects than a file of this size can have");
        objects_left_ -= links.size();
        for (const Link& link : links) require_name(link.name, where);
        return links;
    }

    Id open(const Id& group, const Link& link, const std::string& where) const {
        const std::string path = where + "/" + link.name;
        if (!link.hard)
            refuse(path, "is a link to another place; put what it names into its place");
        Id object(H5Oopen(group.get(), link.name.c_str(), H5P_DEFAULT), H5Oclose);
        if (!object) reject(path, "cannot be read; the file is damaged");
        return object;
    }

    void require_name(const std::string& text, const std::string& where) const {
        if (!is_name(text))
            reject(where,
                   "holds a name of {} bytes; allowed is 1 to {}, without control characters",
                   text.size(), longest_name);
    }

    std::string text_at(const Id& group, const char* link, const std::string& where) {
        const NirValue value = read_value(open(group, {link, true}, where), where + "/" + link);
        const auto* texts = std::get_if<std::vector<std::string>>(&value.values);
        if (texts == nullptr || texts->size() != 1)
            reject(where + "/" + link, "is no text; it must be one");
        require_name(texts->front(), where + "/" + link);
        return texts->front();
    }

    NirNode read_node(const Id& group, const std::string& node_name, const std::string& where,
                      int depth) {
        if (H5Iget_type(group.get()) != H5I_GROUP) reject(where, "is no group; a node must be one");
        const std::vector<Link> links = links_of(group, where);
        if (std::ranges::find(links, "type", &Link::name) == links.end())
            reject(where, "is a node without a type");
        NirNode node{node_name, text_at(group, "type", where), {}, {}, {}};
        const bool graph = node.type == "NIRGraph";
        bool has_nodes = false, has_edges = false;
        for (const Link& link : links) {
            if (link.name == "type") continue;
            const Id object = open(group, link, where);
            const std::string path = where + "/" + link.name;
            if (graph && link.name == "nodes") {
                has_nodes = true;
                read_nodes(object, node, path, depth + 1);
            } else if (graph && link.name == "edges") {
                has_edges = true;
                node.edges = read_edges(object, path);
            } else {
                read_parameters(object, link.name, node, path, depth + 1);
            }
        }
        if (graph && !(has_nodes && has_edges))
            reject(where, "is a NIRGraph without {}", has_nodes ? "edges" : "nodes");
        return node;
    }

    void read_nodes(const Id& group, NirNode& graph, const std::string& where, int depth) {
        require_depth(where, depth);
        if (H5Iget_type(group.get()) != H5I_GROUP) reject(where, "is no group; it must be one");
        for (const Link& link : links_of(group, where))
            graph.nodes.push_back(
                read_node(open(group, link, where), link.name, where + "/" + link.name, depth + 1));
        std::ranges::sort(graph.nodes, {}, &NirNode::name);
    }

    void read_parameters(const Id& object, const std::string& parameter, NirNode& node,
                         const std::string& where, int depth) {
        require_depth(where, depth);
        if (H5Iget_type(object.get()) != H5I_GROUP) {
            node.parameters.emplace(parameter, read_value(object, where));
            return;
        }
        for (const Link& link : links_of(object, where))
            read_parameters(open(object, link, where), parameter + "/" + link.name, node,
                            where + "/" + link.name, depth + 1);
    }

    void require_depth(const std::string& where, int depth) const {
        if (depth > most_nested)
            reject(where, "is the {}th group inside of another; allowed is {}", depth, most_nested);
    }

    std::vector<NirEdge> read_edges(const Id& object, const std::string& where) {
        NirValue value = read_value(object, where);
        if (value.size() == 0) return {};
        auto* names = std::get_if<std::vector<std::string>>(&value.values);
        if (names == nullptr || value.dims.size() != 2 || value.dims[1] != 2)
            reject(where, "is no list of pairs of node names");
        for (const std::string& end : *names) require_name(end, where);
        std::vector<NirEdge> edges;
        for (std::size_t k = 0; k + 1 < names->size(); k += 2)
            edges.push_back({std::move((*names)[k]), std::move((*names)[k + 1])});
        return edges;
    }

    NirValue read_value(const Id& object, const std::string& where) {
        if (H5Iget_type(object.get()) != H5I_DATASET)
            reject(where, "is neither a group nor an array");
        const Id space(H5Dget_space(object.get()), H5Sclose);
        const Id type(H5Dget_type(object.get()), H5Tclose);
        NirValue value;
        std::uint64_t count = 0, unpacked = 0;
        if (!space || !type || !hdf5::extents(space, value.dims, count))
            reject(where, "is an array that cannot be read; the file is damaged");
        if (const std::string fault = hdf5::storage_fault(object, unpacked); !fault.empty())
            refuse(where, fault);
        take(unpacked, 1, where);
        switch (H5Tget_class(type.get())) {
            case H5T_STRING:
                value.values = read_texts(object, type, count, where);
                break;
            case H5T_INTEGER:
                value.values = read_integers(object, type, count, where);
                break;
            case H5T_FLOAT:
                value.values = read_floats(object, type, count, where);
                break;
            case H5T_ENUM:
                value.values = read_flags(object, type, count, where);
                break;
            default:
                refuse(where, "is of a kind that NIR does not have; it may be numbers or text");
        }
        return value;
    }

    template <typename T>
    std::vector<T> read_as(const Id& object, hid_t memory_type, std::uint64_t count,
                           const std::string& where) {
        take(count, sizeof(T), where);
        std::vector<T> values(count);
        if (count > 0 &&
            H5Dread(object.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
            reject(where, "holds values that cannot be read; the file is damaged");
        return values;
    }

    std::vector<std::int64_t> read_integers(const Id& object, const Id& type, std::uint64_t count,
                                            const std::string& where) {
        if (H5Tget_size(type.get()) > 8) refuse(where, "holds integers of more than 64 bits");
        // HDF5 takes what does not fit to the nearest number that does.
        auto values = read_as<std::int64_t>(object, H5T_NATIVE_INT64, count, where);
        const bool may_overflow =
            H5Tget_sign(type.get()) == H5T_SGN_NONE && H5Tget_size(type.get()) == 8;
        if (may_overflow &&
            std::ranges::count(values, std::numeric_limits<std::int64_t>::max()) > 0)
            refuse(where, "holds integers of 2^63 or more");
        return values;
    }

    NirValue::Numbers read_floats(const Id& object, const Id& type, std::uint64_t count,
                                  const std::string& where) {
        const std::size_t width = H5Tget_size(type.get());
        if (width <= sizeof(float)) return read_as<float>(object, H5T_NATIVE_FLOAT, count, where);
        if (width > sizeof(double)) refuse(where, "holds numbers of more than 64 bits");
        return read_as<double>(object, H5T_NATIVE_DOUBLE, count, where);
    }

    /// Truth values, as h5py writes them.
    std::vector<std::int64_t> read_flags(const Id& object, const Id& type, std::uint64_t count,
                                         const std::string& where) {
        if (H5Tget_size(type.get()) != 1)
            refuse(where, "is of a kind that NIR does not have; it may be numbers or text");
        const auto flags = read_as<std::int8_t>(object, type.get(), count, where);
        return {flags.begin(), flags.end()};
    }

    std::vector<std::string> read_texts(const Id& object, const Id& type, std::uint64_t count,
                                        const std::string& where) {
        take(count, sizeof(std::string), where);
        if (H5Tis_variable_str(type.get()) > 0) return read_variable_texts(object, count, where);
        const std::size_t width = H5Tget_size(type.get());
        take(count, width, where);
        std::vector<char> all(count * width);
        if (count > 0 &&
            H5Dread(object.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data()) < 0)
            reject(where, "holds text that cannot be read; the file is damaged");
        std::vector<std::string> texts;
        for (std::uint64_t k = 0; k < count; ++k)
            texts.push_back(trimmed({all.data() + k * width, width}, H5Tget_strpad(type.get())));
        return texts;
    }

    std::vector<std::string> read_variable_texts(const Id& object, std::uint64_t count,
                                                 const std::string& where) {
        std::vector<std::string> texts;
        if (count == 0) return texts;
        hdf5::TextPlaces places(bytes_, object, count);
        if (places.fault() != nullptr) refuse(where, places.fault());
        for (std::uint64_t k = 0; k < count; ++k) {
            const std::optional<std::string_view> text = places.text(k);
            if (!text) reject(where, "holds text that is not in the file; the file is damaged");
            take(text->size(), 1, where);
            texts.emplace_back(text->substr(0, text->find('\0')));
        }
        return texts;
    }

    std::string name_;
    std::string_view bytes_;
    std::uint64_t bytes_left_;
    std::uint64_t objects_left_;
    Id file_;
};

}  // namespace

NirModel read_nir_bytes(std::string_view bytes, const std::string& name) {
    const hdf5::Session session;
    return Reader(bytes, name).read();
}

NirModel read_nir(const std::filesystem::path& path) {
    return read_nir_bytes(read_file(path), path.string());
}

}  // namespace ranvier
