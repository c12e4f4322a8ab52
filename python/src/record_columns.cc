#include "record_columns.h"

#include <nanobind/stl/string.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "arrow_exchange.h"
#include "status.h"

namespace lancea::python {

namespace nb = nanobind;

namespace {

constexpr char kShapeKey[] = "lancea.queue.shape";

nb::object Helper(const char* name) {
  return nb::module_::import_("lancea.queue.records").attr(name);
}

// "string", "int64" ..: what would be inferred for the value.
std::string TypeOf(PyObject* value) {
  return nb::cast<std::string>(nb::str(Helper("describe")(nb::handle(value))));
}

bool Refuse(PyObject* value, std::string expected, Mismatch* mismatch) {
  mismatch->field.clear();
  mismatch->expected = std::move(expected);
  mismatch->found = TypeOf(value);
  return false;
}

bool IsNumpyBool(PyObject* value) {
  const char* name = Py_TYPE(value)->tp_name;
  return std::strcmp(name, "numpy.bool") == 0 || std::strcmp(name, "numpy.bool_") == 0;
}

// Python's integers and numpy's, but neither their booleans nor arrays, which have an index too.
bool IsInteger(PyObject* value) {
  if (PyLong_Check(value)) return !PyBool_Check(value);
  if (!PyIndex_Check(value)) return false;
  const std::string_view name = Py_TYPE(value)->tp_name;
  return name.starts_with("numpy.int") || name.starts_with("numpy.uint");
}

class BoolColumn : public RecordColumn {
 public:
  bool Check(PyObject* value, Mismatch* mismatch) override {
    return value == Py_None || PyBool_Check(value) || IsNumpyBool(value) ||
           Refuse(value, "bool", mismatch);
  }
  void Append(PyObject* value) override {
    Check_(value == Py_None ? builder_.AppendNull() : builder_.Append(PyObject_IsTrue(value) == 1));
  }
  std::shared_ptr<arrow::Array> Finish() override { return Unwrap(builder_.Finish()); }

 private:
  static void Check_(const arrow::Status& status) { lancea::python::Check(status); }
  arrow::BooleanBuilder builder_;
};

template <typename Type>
class IntegerColumn : public RecordColumn {
  using Value = typename Type::c_type;

 public:
  bool Check(PyObject* value, Mismatch* mismatch) override {
    if (value == Py_None) return true;
    const std::string name = arrow::TypeTraits<Type>::type_singleton()->ToString();
    if (!IsInteger(value)) return Refuse(value, name, mismatch);
    if (Convert(value)) return true;
    mismatch->field.clear();
    mismatch->expected = name;
    mismatch->found =
        "the number " + nb::cast<std::string>(nb::str(nb::handle(value))) + ", which does not fit";
    return false;
  }
  void Append(PyObject* value) override {
    const std::optional<Value> number = value == Py_None ? std::nullopt : Convert(value);
    lancea::python::Check(number ? builder_.Append(*number) : builder_.AppendNull());
  }
  std::shared_ptr<arrow::Array> Finish() override { return Unwrap(builder_.Finish()); }
  int64_t num_bytes() const override {
    return builder_.length() * static_cast<int64_t>(sizeof(Value));
  }
  char format() const override {
    constexpr bool is_signed = std::numeric_limits<Value>::is_signed;
    switch (sizeof(Value)) {
      case 1:
        return is_signed ? 'b' : 'B';
      case 2:
        return is_signed ? 'h' : 'H';
      case 4:
        return is_signed ? 'i' : 'I';
      default:
        return is_signed ? 'l' : 'L';
    }
  }
  void AppendMemory(const void* values, int64_t count) override {
    lancea::python::Check(builder_.AppendValues(static_cast<const Value*>(values), count));
  }

 private:
  static std::optional<Value> Convert(PyObject* value) {
    if constexpr (std::numeric_limits<Value>::is_signed) {
      const long long number = PyLong_AsLongLong(value);
      if (number == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        return std::nullopt;
      }
      if (number < std::numeric_limits<Value>::min() ||
          number > std::numeric_limits<Value>::max()) {
        return std::nullopt;
      }
      return static_cast<Value>(number);
    } else {
      nb::object integer = nb::steal(PyNumber_Index(value));
      const unsigned long long number =
          integer.is_valid() ? PyLong_AsUnsignedLongLong(integer.ptr()) : 0;
      if (PyErr_Occurred()) {
        PyErr_Clear();
        return std::nullopt;
      }
      if (number > std::numeric_limits<Value>::max()) return std::nullopt;
      return static_cast<Value>(number);
    }
  }
  typename arrow::TypeTraits<Type>::BuilderType builder_;
};

template <typename Type>
class FloatColumn : public RecordColumn {
  using Value = typename Type::c_type;

 public:
  bool Check(PyObject* value, Mismatch* mismatch) override {
    if (value == Py_None || PyFloat_Check(value) || IsInteger(value)) return true;
    const auto* numbers = Py_TYPE(value)->tp_as_number;
    const bool is_number = numbers != nullptr && numbers->nb_float != nullptr &&
                           !PyBool_Check(value) && !IsNumpyBool(value) &&
                           std::strncmp(Py_TYPE(value)->tp_name, "numpy.float", 11) == 0;
    return is_number ||
           Refuse(value, arrow::TypeTraits<Type>::type_singleton()->ToString(), mismatch);
  }
  void Append(PyObject* value) override {
    if (value == Py_None) return lancea::python::Check(builder_.AppendNull());
    const double number = PyFloat_AsDouble(value);
    if (number == -1.0 && PyErr_Occurred()) PyErr_Clear();
    lancea::python::Check(builder_.Append(static_cast<Value>(number)));
  }
  std::shared_ptr<arrow::Array> Finish() override { return Unwrap(builder_.Finish()); }
  int64_t num_bytes() const override {
    return builder_.length() * static_cast<int64_t>(sizeof(Value));
  }
  char format() const override { return sizeof(Value) == 4 ? 'f' : 'd'; }
  void AppendMemory(const void* values, int64_t count) override {
    lancea::python::Check(builder_.AppendValues(static_cast<const Value*>(values), count));
  }

 private:
  typename arrow::TypeTraits<Type>::BuilderType builder_;
};

template <typename Builder>
class TextColumn : public RecordColumn {
 public:
  bool Check(PyObject* value, Mismatch* mismatch) override {
    if (value == Py_None) return true;
    if (!PyUnicode_Check(value)) return Refuse(value, "string", mismatch);
    Py_ssize_t size = 0;
    if (PyUnicode_AsUTF8AndSize(value, &size) != nullptr) return true;
    PyErr_Clear();
    *mismatch = {"", "string", "a text that has no UTF-8 form"};
    return false;
  }
  void Append(PyObject* value) override {
    if (value == Py_None) return lancea::python::Check(builder_.AppendNull());
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(value, &size);
    lancea::python::Check(builder_.Append(std::string_view(text, static_cast<size_t>(size))));
  }
  std::shared_ptr<arrow::Array> Finish() override { return Unwrap(builder_.Finish()); }
  int64_t num_bytes() const override { return builder_.value_data_length(); }

 private:
  Builder builder_;
};

template <typename Builder>
class BytesColumn : public RecordColumn {
 public:
  bool Check(PyObject* value, Mismatch* mismatch) override {
    return value == Py_None || PyBytes_Check(value) || PyByteArray_Check(value) ||
           PyMemoryView_Check(value) || Refuse(value, "binary", mismatch);
  }
  void Append(PyObject* value) override {
    if (value == Py_None) return lancea::python::Check(builder_.AppendNull());
    Py_buffer view;
    if (PyObject_GetBuffer(value, &view, PyBUF_SIMPLE) != 0) {
      PyErr_Clear();
      nb::object whole = nb::steal(PyBytes_FromObject(value));
      if (!whole.is_valid()) throw nb::python_error();
      return Append(whole.ptr());
    }
    const arrow::Status status = builder_.Append(
        std::string_view(static_cast<const char*>(view.buf), static_cast<size_t>(view.len)));
    PyBuffer_Release(&view);
    lancea::python::Check(status);
  }
  std::shared_ptr<arrow::Array> Finish() override { return Unwrap(builder_.Finish()); }
  int64_t num_bytes() const override { return builder_.value_data_length(); }

 private:
  Builder builder_;
};

class NullColumn : public RecordColumn {
 public:
  bool Check(PyObject* value, Mismatch* mismatch) override {
    return value == Py_None || Refuse(value, "null", mismatch);
  }
  void Append(PyObject*) override { ++num_rows_; }
  std::shared_ptr<arrow::Array> Finish() override {
    return std::make_shared<arrow::NullArray>(std::exchange(num_rows_, 0));
  }

 private:
  int64_t num_rows_ = 0;
};

// Whatever pyarrow makes of the values.
class ConvertedColumn : public RecordColumn {
 public:
  explicit ConvertedColumn(const std::shared_ptr<arrow::DataType>& type)
      : name_(type->ToString()),
        type_(ToPython(arrow::schema({arrow::field("x", type)})).attr("field")(0).attr("type")) {}
  bool Check(PyObject* value, Mismatch* mismatch) override {
    if (value == Py_None) return true;
    try {
      nb::module_::import_("pyarrow").attr("scalar")(nb::handle(value), type_);
      return true;
    } catch (nb::python_error&) {
      return Refuse(value, name_, mismatch);
    }
  }
  void Append(PyObject* value) override { values_.append(nb::handle(value)); }
  std::shared_ptr<arrow::Array> Finish() override {
    nb::list values = std::exchange(values_, nb::list());
    nb::module_ pyarrow = nb::module_::import_("pyarrow");
    nb::list arrays, names;
    arrays.append(pyarrow.attr("array")(values, type_));
    names.append("x");
    return BatchFromPython(pyarrow.attr("RecordBatch").attr("from_arrays")(arrays, names))
        ->column(0);
  }

 private:
  const std::string name_;
  const nb::object type_;
  nb::list values_;
};

std::unique_ptr<RecordColumn> MakeColumn(const arrow::Field& field);

int64_t BytesOf(const std::vector<std::unique_ptr<RecordColumn>>& columns) {
  int64_t bytes = 0;
  for (const auto& column : columns) bytes += column->num_bytes();
  return bytes;
}

// Lists of any length, and of one length; numpy arrays and tensors of the item's type are copied whole.
class ListColumn : public RecordColumn {
 public:
  explicit ListColumn(const arrow::Field& field)
      : type_(field.type()), item_(MakeColumn(*type_->field(0))) {
    if (type_->id() == arrow::Type::FIXED_SIZE_LIST) {
      size_ = static_cast<const arrow::FixedSizeListType&>(*type_).list_size();
    }
    if (field.HasMetadata()) {
      const int found = field.metadata()->FindKey(kShapeKey);
      if (found >= 0) shape_ = field.metadata()->value(found);
    }
  }

  bool Check(PyObject* value, Mismatch* mismatch) override {
    if (value == Py_None) return true;
    if (PyUnicode_Check(value) || PyBytes_Check(value) || PyDict_Check(value)) {
      return Refuse(value, type_->ToString(), mismatch);
    }
    nb::object list = nb::borrow(value);
    if (!PyList_Check(value) && !PyTuple_Check(value)) {
      list = nb::borrow(Helper("as_array")(list, shape_));
      if (list.is_none()) return Refuse(value, Expected(), mismatch);
      Memory memory(list.ptr());
      if (memory.Fits(item_->format())) {
        return CheckSize(memory.num_items(), value, mismatch);
      }
      if (memory.is_open() && memory.num_items() > 0 && item_->format() != 0) {
        return Refuse(value, Expected(), mismatch);
      }
      list = list.attr("ravel")().attr("tolist")();
    } else if (!shape_.empty() && shape_.find(',') != std::string::npos) {
      list = nb::borrow(Helper("as_array")(list, shape_));
      if (list.is_none()) return Refuse(value, Expected(), mismatch);
      list = list.attr("ravel")().attr("tolist")();
    }
    nb::object fast = nb::steal(PySequence_Fast(list.ptr(), "a list"));
    if (!fast.is_valid()) throw nb::python_error();
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(fast.ptr());
    for (Py_ssize_t i = 0; i < count; ++i) {
      if (!item_->Check(PySequence_Fast_GET_ITEM(fast.ptr(), i), mismatch)) {
        mismatch->field = "[" + std::to_string(i) + "]" +
                          (mismatch->field.empty() || mismatch->field[0] == '[' ? "" : ".") +
                          mismatch->field;
        return false;
      }
    }
    return CheckSize(count, value, mismatch);
  }

  void Append(PyObject* value) override {
    valid_.push_back(value != Py_None);
    if (value == Py_None) {
      for (int64_t i = 0; i < size_; ++i) item_->Append(Py_None);
      num_items_ += std::max<int64_t>(size_, 0);
      offsets_.push_back(num_items_);
      return;
    }
    nb::object list = nb::borrow(value);
    if ((!PyList_Check(value) && !PyTuple_Check(value)) || shape_.find(',') != std::string::npos) {
      list = nb::borrow(Helper("as_array")(list, shape_));
      Memory memory(list.ptr());
      if (memory.Fits(item_->format())) {
        item_->AppendMemory(memory.data(), memory.num_items());
        num_items_ += memory.num_items();
        offsets_.push_back(num_items_);
        return;
      }
      list = list.attr("ravel")().attr("tolist")();
    }
    nb::object fast = nb::steal(PySequence_Fast(list.ptr(), "a list"));
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(fast.ptr());
    for (Py_ssize_t i = 0; i < count; ++i) {
      item_->Append(PySequence_Fast_GET_ITEM(fast.ptr(), i));
    }
    num_items_ += count;
    offsets_.push_back(num_items_);
  }

  std::shared_ptr<arrow::Array> Finish() override {
    const int64_t num_rows = static_cast<int64_t>(valid_.size());
    int64_t nulls = 0;
    arrow::TypedBufferBuilder<bool> bits;
    for (const bool valid : valid_) {
      lancea::python::Check(bits.Append(valid));
      nulls += !valid;
    }
    std::shared_ptr<arrow::Buffer> validity;
    if (nulls > 0) validity = Unwrap(bits.Finish());
    std::shared_ptr<arrow::Array> items = item_->Finish();
    std::shared_ptr<arrow::Array> out;
    if (size_ >= 0) {
      out = std::make_shared<arrow::FixedSizeListArray>(type_, num_rows, items, validity, nulls);
    } else if (type_->id() == arrow::Type::LARGE_LIST) {
      out = std::make_shared<arrow::LargeListArray>(type_, num_rows, Offsets<int64_t>(), items,
                                                    validity, nulls);
    } else {
      if (num_items_ > std::numeric_limits<int32_t>::max()) {
        lancea::python::Check(arrow::Status::CapacityError("more than 2^31 list items at once"));
      }
      out = std::make_shared<arrow::ListArray>(type_, num_rows, Offsets<int32_t>(), items, validity,
                                               nulls);
    }
    valid_.clear();
    offsets_.assign(1, 0);
    num_items_ = 0;
    return out;
  }
  int64_t num_bytes() const override { return item_->num_bytes(); }

 private:
  // The items of an object that lie in memory one after another.
  class Memory {
   public:
    explicit Memory(PyObject* value) {
      if (!PyObject_CheckBuffer(value)) return;
      is_open_ = PyObject_GetBuffer(value, &view_, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) == 0;
      if (!is_open_) PyErr_Clear();
    }
    ~Memory() {
      if (is_open_) PyBuffer_Release(&view_);
    }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    bool is_open() const { return is_open_; }
    bool Fits(char format) const {
      if (!is_open_ || format == 0 || view_.format == nullptr) return false;
      const char* own = view_.format;
      if (*own == '<' || *own == '=' || *own == '@') ++own;
      char first = own[0];
      if (first == 'q') first = 'l';
      if (first == 'Q') first = 'L';
      return first == format && own[1] == 0;
    }
    const void* data() const { return view_.buf; }
    int64_t num_items() const { return view_.itemsize > 0 ? view_.len / view_.itemsize : 0; }

   private:
    bool is_open_ = false;
    Py_buffer view_;
  };

  std::string Expected() const {
    return shape_.empty()
               ? type_->ToString()
               : type_->field(0)->type()->ToString() + " array of shape (" + shape_ + ")";
  }
  bool CheckSize(int64_t count, PyObject*, Mismatch* mismatch) const {
    if (size_ < 0 || count == size_) return true;
    *mismatch = {"", Expected(), std::to_string(count) + " items"};
    return false;
  }
  template <typename Offset>
  std::shared_ptr<arrow::Buffer> Offsets() const {
    auto buffer =
        Unwrap(arrow::AllocateBuffer(static_cast<int64_t>(offsets_.size() * sizeof(Offset))));
    auto* out = reinterpret_cast<Offset*>(buffer->mutable_data());
    for (size_t i = 0; i < offsets_.size(); ++i) out[i] = static_cast<Offset>(offsets_[i]);
    return buffer;
  }

  const std::shared_ptr<arrow::DataType> type_;
  const std::unique_ptr<RecordColumn> item_;
  int64_t size_ = -1;  ///< of every list; -1: any
  std::string shape_;
  std::vector<bool> valid_;
  std::vector<int64_t> offsets_ = {0};
  int64_t num_items_ = 0;
};

class StructColumn : public RecordColumn {
 public:
  explicit StructColumn(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {
    for (const auto& field : type_->fields()) {
      names_.push_back(nb::steal(PyUnicode_InternFromString(field->name().c_str())));
      columns_.push_back(MakeColumn(*field));
    }
  }
  bool Check(PyObject* value, Mismatch* mismatch) override {
    if (value == Py_None) return true;
    if (!PyDict_Check(value)) return Refuse(value, type_->ToString(), mismatch);
    Py_ssize_t found = 0;
    for (size_t i = 0; i < columns_.size(); ++i) {
      PyObject* item = PyDict_GetItemWithError(value, names_[i].ptr());
      const std::string& name = type_->field(static_cast<int>(i))->name();
      if (item == nullptr) {
        *mismatch = {name, type_->field(static_cast<int>(i))->type()->ToString(), "nothing"};
        return false;
      }
      ++found;
      if (!columns_[i]->Check(item, mismatch)) {
        const bool bare = mismatch->field.empty() || mismatch->field[0] == '[';
        mismatch->field = name + (bare ? "" : ".") + mismatch->field;
        return false;
      }
    }
    if (found == PyDict_Size(value)) return true;
    PyObject *key = nullptr, *item = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(value, &position, &key, &item)) {
      const std::string name = nb::cast<std::string>(nb::str(nb::handle(key)));
      if (PyUnicode_Check(key) &&
          static_cast<const arrow::StructType&>(*type_).GetFieldIndex(name) >= 0) {
        continue;
      }
      *mismatch = {name, "no such field", TypeOf(item)};
      return false;
    }
    return true;
  }
  void Append(PyObject* value) override {
    valid_.push_back(value != Py_None);
    for (size_t i = 0; i < columns_.size(); ++i) {
      PyObject* item = value == Py_None ? nullptr : PyDict_GetItemWithError(value, names_[i].ptr());
      columns_[i]->Append(item == nullptr ? Py_None : item);
    }
  }
  std::shared_ptr<arrow::Array> Finish() override {
    arrow::ArrayVector children;
    for (const auto& column : columns_) children.push_back(column->Finish());
    arrow::TypedBufferBuilder<bool> bits;
    int64_t nulls = 0;
    for (const bool valid : valid_) {
      lancea::python::Check(bits.Append(valid));
      nulls += !valid;
    }
    std::shared_ptr<arrow::Buffer> validity;
    if (nulls > 0) validity = Unwrap(bits.Finish());
    auto out = std::make_shared<arrow::StructArray>(type_, static_cast<int64_t>(valid_.size()),
                                                    std::move(children), validity, nulls);
    valid_.clear();
    return out;
  }
  int64_t num_bytes() const override { return BytesOf(columns_); }

 private:
  const std::shared_ptr<arrow::DataType> type_;
  std::vector<nb::object> names_;
  std::vector<std::unique_ptr<RecordColumn>> columns_;
  std::vector<bool> valid_;
};

std::unique_ptr<RecordColumn> MakeColumn(const arrow::Field& field) {
  using Kind = arrow::Type;
  switch (field.type()->id()) {
    case Kind::BOOL:
      return std::make_unique<BoolColumn>();
    case Kind::INT8:
      return std::make_unique<IntegerColumn<arrow::Int8Type>>();
    case Kind::INT16:
      return std::make_unique<IntegerColumn<arrow::Int16Type>>();
    case Kind::INT32:
      return std::make_unique<IntegerColumn<arrow::Int32Type>>();
    case Kind::INT64:
      return std::make_unique<IntegerColumn<arrow::Int64Type>>();
    case Kind::UINT8:
      return std::make_unique<IntegerColumn<arrow::UInt8Type>>();
    case Kind::UINT16:
      return std::make_unique<IntegerColumn<arrow::UInt16Type>>();
    case Kind::UINT32:
      return std::make_unique<IntegerColumn<arrow::UInt32Type>>();
    case Kind::UINT64:
      return std::make_unique<IntegerColumn<arrow::UInt64Type>>();
    case Kind::FLOAT:
      return std::make_unique<FloatColumn<arrow::FloatType>>();
    case Kind::DOUBLE:
      return std::make_unique<FloatColumn<arrow::DoubleType>>();
    case Kind::STRING:
      return std::make_unique<TextColumn<arrow::StringBuilder>>();
    case Kind::LARGE_STRING:
      return std::make_unique<TextColumn<arrow::LargeStringBuilder>>();
    case Kind::BINARY:
      return std::make_unique<BytesColumn<arrow::BinaryBuilder>>();
    case Kind::LARGE_BINARY:
      return std::make_unique<BytesColumn<arrow::LargeBinaryBuilder>>();
    case Kind::NA:
      return std::make_unique<NullColumn>();
    case Kind::LIST:
    case Kind::LARGE_LIST:
    case Kind::FIXED_SIZE_LIST:
      return std::make_unique<ListColumn>(field);
    case Kind::STRUCT:
      return std::make_unique<StructColumn>(field.type());
    default:
      return std::make_unique<ConvertedColumn>(field.type());
  }
}

}  // namespace

RecordColumns::RecordColumns(std::shared_ptr<arrow::Schema> schema) : schema_(std::move(schema)) {
  for (const auto& field : schema_->fields()) {
    names_.push_back(nb::steal(PyUnicode_InternFromString(field->name().c_str())));
    columns_.push_back(MakeColumn(*field));
  }
  values_.resize(columns_.size());
}

std::optional<Mismatch> RecordColumns::Append(PyObject* record, bool allow_missing) {
  if (!PyDict_Check(record)) return Mismatch{"", "a dict", TypeOf(record)};
  Py_ssize_t found = 0;
  for (size_t i = 0; i < columns_.size(); ++i) {
    PyObject* value = PyDict_GetItemWithError(record, names_[i].ptr());
    const arrow::Field& field = *schema_->field(static_cast<int>(i));
    values_[i] = value == nullptr ? Py_None : value;
    if (value == nullptr) {
      if (allow_missing) continue;
      return Mismatch{field.name(), field.type()->ToString(), "nothing"};
    }
    ++found;
    Mismatch mismatch;
    if (!columns_[i]->Check(value, &mismatch)) {
      const bool bare = mismatch.field.empty() || mismatch.field[0] == '[';
      mismatch.field = field.name() + (bare ? "" : ".") + mismatch.field;
      return mismatch;
    }
  }
  if (found != PyDict_Size(record)) {
    PyObject *key = nullptr, *value = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(record, &position, &key, &value)) {
      const std::string name = nb::cast<std::string>(nb::str(nb::handle(key)));
      if (!PyUnicode_Check(key)) return Mismatch{name, "a name that is a text", TypeOf(key)};
      if (schema_->GetFieldIndex(name) < 0) return Mismatch{name, "no such field", TypeOf(value)};
    }
  }
  for (size_t i = 0; i < columns_.size(); ++i) columns_[i]->Append(values_[i]);
  ++num_rows_;
  return std::nullopt;
}

int64_t RecordColumns::num_bytes() const { return BytesOf(columns_); }

std::shared_ptr<arrow::RecordBatch> RecordColumns::Finish() {
  arrow::ArrayVector arrays;
  arrays.reserve(columns_.size());
  for (const auto& column : columns_) arrays.push_back(column->Finish());
  return arrow::RecordBatch::Make(schema_, std::exchange(num_rows_, 0), std::move(arrays));
}

}  // namespace lancea::python
