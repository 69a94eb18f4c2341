// Cache: decoded values of a collection, over detail::CacheCore.
#include "sapwood/detail/cache.h"
#include "python/native/calls.h"

namespace sapwood::python {
namespace {

// Objects that a cache let go, until they can be released: not while its lock is held, since that may run Python code.
class Released {
 public:
  static Released& objects() {
    static auto* only = new Released;
    return *only;
  }
  void add(PyObject* object) {
    const std::lock_guard lock(mutex_);
    objects_.push_back(object);
    is_empty_ = false;
  }
  void release() {
    if (is_empty_) return;
    std::vector<PyObject*> objects;
    {
      const std::lock_guard lock(mutex_);
      objects.swap(objects_);
      is_empty_ = true;
    }
    for (PyObject* object : objects) Py_DECREF(object);
  }

 private:
  std::mutex mutex_;
  std::vector<PyObject*> objects_;
  std::atomic<bool> is_empty_{true};
};

class Cache {
 public:
  explicit Cache(const CacheOptions& options) : options_(options), core_(std::in_place, options) {}
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;
  ~Cache() { clear(); }

  nb::object at(const Collection& collection, nb::handle index) const {
    const FileLock lock(*collection.context());
    const std::int64_t at = index_of(index);
    const detail::Handle handle = handle_at(collection, at);
    return object_of(core_of(collection).at(handle, position(collection, handle, at), maker(collection)));
  }
  nb::object get(const Collection& collection, nb::handle key, nb::object otherwise) const {
    const FileLock lock(*collection.context());
    Scratch scratch;
    const std::string_view bytes = collection.key_type().encode_key(key, scratch);
    const detail::Handle& handle = collection.handle();
    const std::shared_ptr<const void> found = core_of(collection).get(handle, bytes, maker(collection));
    return found ? object_of(found) : otherwise;
  }
  nb::dict metrics() const {
    const CacheMetrics found = core_->metrics();
    nb::dict told;
    told["entries"] = found.entries;
    told["bytes"] = found.bytes;
    told["hits"] = found.hits;
    told["misses"] = found.misses;
    told["evictions"] = found.evictions;
    told["hit_rate"] = found.hit_rate();
    return told;
  }
  void clear() {
    core_->clear();
    Released::objects().release();
  }

 private:
  static detail::ObjectMaker maker(const Collection& collection) {
    return {&collection, [](const void* self, std::string_view bytes) -> detail::MadeObject {
              PyObject* object = static_cast<const Collection*>(self)->decode_value(bytes).release().ptr();
              const auto let_go = [](PyObject* old) { Released::objects().add(old); };
              return {std::shared_ptr<const void>(std::shared_ptr<PyObject>(object, let_go)), bytes.size()};
            }};
  }
  static nb::object object_of(const std::shared_ptr<const void>& found) {
    nb::object object = nb::borrow(static_cast<PyObject*>(const_cast<void*>(found.get())));
    Released::objects().release();
    return object;
  }

  // A cache serves one open file: a child of fork() that opened it anew begins anew. After collection.handle().
  detail::CacheCore& core_of(const Collection& collection) const {
    if (epoch_ != collection.context()->epoch()) {
      epoch_ = collection.context()->epoch();
      core_->clear();
      core_.emplace(options_);
    }
    return *core_;
  }

  CacheOptions options_;
  mutable std::optional<detail::CacheCore> core_;
  mutable std::uint32_t epoch_ = 0;
};

CachePolicy policy_of(const std::string& name) {
  if (name == "lru") return CachePolicy::lru;
  if (name == "fifo") return CachePolicy::fifo;
  if (name == "lfu") return CachePolicy::lfu;
  throw nb::value_error("cache is 'lru', 'fifo' or 'lfu'");
}

}  // namespace

void bind_cache(nb::module_& module) {
  nb::class_<Cache>(module, "Cache")
      .def("__init__",
           [](Cache* self, const std::string& policy, std::uint64_t max_entries, std::uint64_t max_bytes,
              const std::string& name) {
             new (self) Cache({policy_of(policy), max_entries, max_bytes, name});
           })
      .def("at", &Cache::at)
      .def("get", &Cache::get, nb::arg("collection"), may_be_none("key"), may_be_none("default"))
      .def("metrics", &Cache::metrics)
      .def("clear", &Cache::clear);
}

}  // namespace sapwood::python
