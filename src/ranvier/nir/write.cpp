#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/nir/hdf5.hpp"
#include "ranvier/nir/nir_file.hpp"

namespace ranvier {

namespace {

using hdf5::Id;

void require(herr_t done, const std::string& where) {
    if (done < 0) fail(Fault::bad_input, "NIR: '{}' cannot be written to an HDF5 file", where);
}

/// Nothing in a file says when it was written.
Id without_time(hid_t kind) {
    Id list(H5Pcreate(kind), H5Pclose);
    H5Pset_obj_track_times(list.get(), false);
    return list;
}

Id make_group(const Id& parent, const std::string& name) {
    if (name.empty() || name == "." || name.find('/') != std::string::npos ||
        name.find('\0') != std::string::npos)
        fail(Fault::bad_input, "NIR: a node cannot be named '{}'", name);
    const Id list = without_time(H5P_GROUP_CREATE);
    Id group(H5Gcreate2(parent.get(), name.c_str(), H5P_DEFAULT, list.get(), H5P_DEFAULT),
             H5Gclose);
    require(group ? 0 : -1, name);
    return group;
}

struct ValueWriter {
    const Id& parent;
    const std::string& name;
    const NirValue& value;

    void operator()(const std::vector<float>& v) const {
        write(H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, v.data());
    }
    void operator()(const std::vector<double>& v) const {
        write(H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, v.data());
    }
    void operator()(const std::vector<std::int64_t>& v) const {
        write(H5T_STD_I64LE, H5T_NATIVE_INT64, v.data());
    }
    void operator()(const std::vector<std::string>& v) const {
        std::vector<const char*> pointers;
        for (const std::string& text : v) {
            if (text.find('\0') != std::string::npos)
                fail(Fault::bad_input, "NIR: '{}' holds text with a zero byte", name);
            pointers.push_back(text.c_str());
        }
        const Id type = hdf5::text_type(H5T_CSET_UTF8);
        write(type.get(), type.get(), pointers.data());
    }

private:
    void write(hid_t type, hid_t memory_type, const void* data) const {
        std::vector<hsize_t> dims(value.dims.begin(), value.dims.end());
        const Id space(dims.empty()
                           ? H5Screate(H5S_SCALAR)
                           : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr),
                       H5Sclose);
        require(space ? 0 : -1, name);
        if (static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.get())) != value.size())
            fail(Fault::bad_input, "NIR: '{}' has {} values, which do not fit its shape", name,
                 value.size());
        const Id list = without_time(H5P_DATASET_CREATE);
        const Id set(H5Dcreate2(parent.get(), name.c_str(), type, space.get(), H5P_DEFAULT,
                                list.get(), H5P_DEFAULT),
                     H5Dclose);
        require(set ? 0 : -1, name);
        if (value.size() > 0)
            require(H5Dwrite(set.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), name);
    }
};

void write_value(const Id& parent, const std::string& name, const NirValue& value) {
    std::visit(ValueWriter{parent, name, value}, value.values);
}

/// "metadata/dt" goes into a group "metadata".
void write_parameter(const Id& parent, const std::string& name, const NirValue& value) {
    const std::size_t slash = name.find('/');
    if (slash == std::string::npos) {
        write_value(parent, name, value);
        return;
    }
    const std::string first = name.substr(0, slash);
    const bool there = H5Lexists(parent.get(), first.c_str(), H5P_DEFAULT) > 0;
    const Id group = there ? Id(H5Gopen2(parent.get(), first.c_str(), H5P_DEFAULT), H5Gclose)
                           : make_group(parent, first);
    require(group ? 0 : -1, name);
    write_parameter(group, name.substr(slash + 1), value);
}

NirValue pairs(const std::vector<NirEdge>& edges) {
    std::vector<std::string> names;
    for (const NirEdge& edge : edges) {
        names.push_back(edge.from);
        names.push_back(edge.to);
    }
    return {{static_cast<std::int64_t>(edges.size()), 2}, std::move(names)};
}

void write_node(const Id& group, const NirNode& node) {
    write_value(group, "type", NirValue(node.type));
    for (const auto& [name, value] : node.parameters) write_parameter(group, name, value);
    if (node.type != "NIRGraph") return;
    write_value(group, "edges", pairs(node.edges));
    const Id nodes = make_group(group, "nodes");
    for (const NirNode& inner : node.nodes) write_node(make_group(nodes, inner.name), inner);
}

}  // namespace

std::string nir_bytes(const NirModel& model) {
    const hdf5::Session session;
    const Id file = hdf5::create_in_memory();
    require(file ? 0 : -1, "file");
    write_value(file, "version", NirValue(model.version));
    write_node(make_group(file, "node"), model.graph);
    std::string bytes = hdf5::image_of(file);
    require(bytes.empty() ? -1 : 0, "file");
    return bytes;
}

void write_nir(const NirModel& model, const std::filesystem::path& path) {
    write_file(path, nir_bytes(model));
}

}  // namespace ranvier
