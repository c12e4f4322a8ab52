#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <thread>

#include "arrow/array/array_nested.h"
#include "arrow/array/builder_binary.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/array/builder_time.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/initialize.h"
#include "arrow/datum.h"
#include "arrow/json/from_string.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "lancea/dataset.h"
#include "lancea/error.h"
#include "lancea/io/memory_store.h"
#include "lancea/sql.h"
#include "lancea/write.h"

namespace lancea {
namespace {

constexpr int64_t kRows = 20'000;

// Where `tools/bootstrap.sh` puts the library, unless LANCEA_DUCKDB_LIBRARY names another.
std::string Library() {
  if (std::getenv("LANCEA_DUCKDB_LIBRARY") != nullptr) return "";
  const std::string path = LANCEA_SOURCE_DIR "/.venv/duckdb/libduckdb.so";
  return std::filesystem::exists(path) ? path : "";
}

std::shared_ptr<Session> MemorySession() {
  Host host;
  host.object_store = std::make_shared<MemoryObjectStore>();
  return std::make_shared<Session>(Session::kDefaultCacheBytes, host);
}

std::shared_ptr<const Dataset> Write(const std::shared_ptr<arrow::RecordBatch>& rows,
                                     const std::string& name,
                                     const std::shared_ptr<Session>& session,
                                     WriteOptions write = {}) {
  write.session = session;
  return WriteDataset(arrow::RecordBatchReader::Make({rows}).ValueOrDie(), name, write)
      .ValueOrDie();
}

class Sql : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(arrow::compute::Initialize().ok());
    SqlOptions options;
    options.library = Library();
    options.session = session_;
    auto engine = SqlEngine::Open(options);
    if (!engine.ok() && CategoryOf(engine.status()) == ErrorCategory::kNotFound) {
      GTEST_SKIP() << engine.status().message();
    }
    engine_ = engine.ValueOrDie();
  }

  std::shared_ptr<arrow::Table> Ask(const std::string& sql) {
    auto reader = engine_->Run(sql);
    EXPECT_TRUE(reader.ok()) << sql << "\n" << reader.status().ToString();
    if (!reader.ok()) return nullptr;
    auto table = (*reader)->ToTable();
    EXPECT_TRUE(table.ok()) << sql << "\n" << table.status().ToString();
    return table.ok() ? *table : nullptr;
  }

  // The text of a result of one value.
  std::string One(const std::string& sql) {
    const auto table = Ask(sql);
    if (table == nullptr || table->num_rows() != 1) return "not one row";
    return table->column(0)->GetScalar(0).ValueOrDie()->ToString();
  }

  std::string Failure(const std::string& sql) {
    auto reader = engine_->Run(sql);
    if (!reader.ok()) return reader.status().message();
    auto table = (*reader)->ToTable();
    return table.ok() ? "it succeeded" : table.status().message();
  }

  const std::shared_ptr<Session> session_ = MemorySession();
  std::shared_ptr<SqlEngine> engine_;
};

// id, kind, price (with NaN, infinities, both zeros and nulls), day, at, flag, part: struct<n, s>.
std::shared_ptr<arrow::RecordBatch> Trips() {
  arrow::Int32Builder ids;
  arrow::StringBuilder kinds;
  arrow::DoubleBuilder prices;
  arrow::Date32Builder days;
  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::MICRO),
                                arrow::default_memory_pool());
  arrow::BooleanBuilder flags;
  arrow::Int64Builder numbers;
  const double odd[] = {std::nan(""), std::numeric_limits<double>::infinity(),
                        -std::numeric_limits<double>::infinity(), 0.0, -0.0};
  const char* const names[] = {"bus", "tram", "it's", "a_b", "50%", ""};
  for (int64_t i = 0; i < kRows; ++i) {
    EXPECT_TRUE(ids.Append(static_cast<int32_t>(i)).ok());
    EXPECT_TRUE((i % 7 == 6 ? kinds.AppendNull() : kinds.Append(names[i % 7])).ok());
    EXPECT_TRUE((i % 11 == 10 ? prices.AppendNull()
                              : prices.Append(i % 50 < 5 ? odd[i % 50] : double(i % 100) / 4))
                    .ok());
    EXPECT_TRUE(days.Append(static_cast<int32_t>(18'000 + i / 100)).ok());
    EXPECT_TRUE(times.Append(i * 1'000'000).ok());
    EXPECT_TRUE((i % 5 == 4 ? flags.AppendNull() : flags.Append(i % 2 == 0)).ok());
    EXPECT_TRUE(numbers.Append(i * i).ok());
  }
  const auto part =
      arrow::StructArray::Make({*numbers.Finish()}, {arrow::field("n", arrow::int64())})
          .ValueOrDie();
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("id", arrow::int32()), arrow::field("kind", arrow::utf8()),
                     arrow::field("price", arrow::float64()), arrow::field("day", arrow::date32()),
                     arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO)),
                     arrow::field("flag", arrow::boolean()), arrow::field("part", part->type())}),
      kRows,
      {*ids.Finish(), *kinds.Finish(), *prices.Finish(), *days.Finish(), *times.Finish(),
       *flags.Finish(), part});
}

TEST_F(Sql, AnswersOverATableNamedByUriByNameAndAsFunction) {
  const auto dataset = Write(Trips(), "trips.lance", session_);
  engine_->Register("rides", dataset);
  const std::string rows = std::to_string(kRows);
  EXPECT_EQ(One("SELECT count(*) FROM 'trips.lance'"), rows);
  EXPECT_EQ(One("SELECT count(*) FROM rides"), rows);
  EXPECT_EQ(One("SELECT count(*) FROM lance_scan('trips.lance')"), rows);
  EXPECT_EQ(One("SELECT sum(id) FROM rides"), std::to_string(kRows * (kRows - 1) / 2));
}

TEST_F(Sql, ReadsTheColumnsThatAreUsed) {
  engine_->Register("rides", Write(Trips(), "t", session_));
  Ask("SELECT kind, max(id) FROM rides GROUP BY kind");
  const auto scans = engine_->TakeScans();
  ASSERT_EQ(scans.size(), 1);
  EXPECT_EQ(scans[0].columns, (std::vector<std::string>{"kind", "id"}));
  EXPECT_EQ(scans[0].rows_scanned, kRows);
  EXPECT_EQ(scans[0].filter, "");
  Ask("SELECT * FROM rides");
  const auto all = engine_->TakeScans();
  EXPECT_LT(scans[0].io.bytes_read, all.at(0).io.bytes_read);
  EXPECT_GT(scans[0].io.bytes_read, 0);
}

// A condition and the rows that our scan hands to DuckDB for it; kRows where none is dropped before.
struct MovedCase {
  const char* condition;
  bool moves;
};

constexpr MovedCase kMoved[] = {
    {"id < 10", true},
    {"10 > id", true},
    {"id BETWEEN 100 AND 120", true},
    {"id IN (1, 5, 19999) AND kind = 'tram'", true},
    {"NOT (id > 3)", true},
    {"id = 5 OR kind = 'it''s'", true},
    {"kind <> 'bus'", true},
    {"kind IS NULL", true},
    {"kind IS NOT NULL AND id < 70", true},
    {"kind LIKE 'b%'", true},
    {"kind NOT LIKE '%r%'", true},
    {"kind IN ('50%', '')", true},
    {"kind NOT IN ('bus', 'tram')", true},
    {"kind < 'b'", true},
    {"price > 20.5", true},
    {"price <= 3", true},
    {"price <> 1.25", true},
    {"NOT (price < 7)", true},
    {"day = DATE '2019-04-20'", true},
    {"day >= DATE '2019-10-01'", true},
    {"\"at\" < TIMESTAMP '1970-01-01 00:01:00'", true},
    {"flag", true},
    {"NOT flag", true},
    {"flag = false", true},
    {"part.n < 1000", true},
    {"t.part.n = 49", true},
    {"t.id = 7", true},
    {"ID = 7", true},
    {"id < 50 AND length(kind) = 3", true},
    {"price = 0", false},
    {"price < 0.0", false},
    {"length(kind) = 3", false},
    {"kind LIKE 'b\\%'", false},
    {"id = price", false},
    {"id > 1.5", false},
    {"id = 3000000000", false},
    {"id % 2 = 0", false},
};

TEST_F(Sql, ConditionsReachTheScanAndDropTheRowsTheyShould) {
  engine_->Register("trips", Write(Trips(), "t", session_));
  Ask("CREATE TABLE copies AS SELECT * FROM trips");
  engine_->TakeScans();
  for (const auto& [condition, moves] : kMoved) {
    auto ask = [&](const char* table) {
      return Ask(std::string("SELECT id FROM ") + table + " AS t WHERE " + condition +
                 " ORDER BY id");
    };
    const auto expected = ask("copies"), found = ask("trips");
    ASSERT_NE(expected, nullptr);
    ASSERT_NE(found, nullptr);
    EXPECT_TRUE(
        found->CombineChunks().ValueOrDie()->Equals(*expected->CombineChunks().ValueOrDie()))
        << condition << ": " << found->num_rows() << " rows, not " << expected->num_rows();
    const auto scans = engine_->TakeScans();
    ASSERT_EQ(scans.size(), 1) << condition;
    if (moves) {
      EXPECT_LT(scans[0].rows_selected, kRows) << condition;
      EXPECT_GE(scans[0].rows_selected, static_cast<uint64_t>(expected->num_rows())) << condition;
    } else {
      EXPECT_EQ(scans[0].rows_selected, kRows) << condition << ": " << scans[0].filter;
    }
  }
}

TEST_F(Sql, ConditionsDoNotMovePastWhatTheyWouldChange) {
  engine_->Register("trips", Write(Trips(), "t", session_));
  Ask("CREATE TABLE copies AS SELECT * FROM trips");
  const std::string few = "(SELECT * FROM range(10) r(id))";
  const std::string queries[] = {
      "SELECT count(*) FROM {} a LEFT JOIN {} b ON a.id = b.id + 1 WHERE b.kind IS NULL",
      "SELECT count(*) FROM {} a RIGHT JOIN {} b ON a.id = b.id + 1 WHERE a.kind IS NULL",
      "SELECT count(*) FROM {} a FULL JOIN {} b ON a.id = b.id + 5 WHERE a.id IS NULL",
      "SELECT count(*) FROM {} a JOIN {} b ON a.id = b.id + 5 WHERE a.id < 50 AND b.id > 7",
      "SELECT count(*) FROM {} a POSITIONAL JOIN {} b WHERE a.id < 50",
      "SELECT count(*) FROM " + few + " a LEFT JOIN {} b USING (id) WHERE id < 5",
      "SELECT count(*) FROM {} a, " + few + " b WHERE a.id = b.id AND a.id < 5",
      "WITH big AS (SELECT * FROM {} WHERE id > 10) SELECT count(*) FROM big WHERE id < 20",
      "SELECT count(*) FROM (SELECT id + 1 AS id FROM {}) WHERE id = 0",
      "SELECT count(*) FROM {} a WHERE EXISTS (SELECT 1 FROM {} b WHERE b.id = a.id AND b.id < 9)",
      "SELECT id FROM {} WHERE id < 9 UNION ALL SELECT id FROM {} WHERE id < 4 ORDER BY id",
      "SELECT kind, count(*) FROM {} WHERE id < 99 GROUP BY kind HAVING count(*) > 1 ORDER BY kind",
      "SELECT id, row_number() OVER (PARTITION BY kind ORDER BY id) n FROM {} WHERE id < 99 "
      "ORDER BY id",
  };
  for (const std::string& query : queries) {
    auto ask = [&](const std::string& table) {
      std::string sql = query;
      for (size_t at; (at = sql.find("{}")) != std::string::npos;) sql.replace(at, 2, table);
      return Ask(sql);
    };
    const auto expected = ask("copies"), found = ask("trips");
    ASSERT_NE(found, nullptr);
    EXPECT_TRUE(
        found->CombineChunks().ValueOrDie()->Equals(*expected->CombineChunks().ValueOrDie()))
        << query << "\n"
        << found->ToString() << expected->ToString();
  }
}

TEST_F(Sql, ATableOfDuckDbHidesARegisteredOne) {
  engine_->Register("trips", Write(Trips(), "t", session_));
  Ask("CREATE TABLE trips AS SELECT 1 AS id");
  EXPECT_EQ(One("SELECT id FROM trips WHERE id = 1"), "1");
}

TEST_F(Sql, AFilterArgumentIsAskedByTheScan) {
  engine_->Register("trips", Write(Trips(), "t", session_));
  EXPECT_EQ(One("SELECT count(*) FROM lance_scan('trips', filter := 'id % 100 = 3')"), "200");
  EXPECT_EQ(engine_->TakeScans().at(0).rows_selected, 200);
  EXPECT_EQ(
      One("SELECT count(*) FROM lance_scan('trips', filter := 'id % 100 = 3') WHERE id < 150"),
      "2");
  EXPECT_EQ(engine_->TakeScans().at(0).rows_selected, 2);
  EXPECT_NE(Failure("SELECT * FROM lance_scan('trips', filter := 'nowhere = 3')").find("nowhere"),
            std::string::npos);
}

TEST_F(Sql, VersionsAndRowIdsAreThereWhenAskedFor) {
  Write(Trips(), "t.lance", session_);
  WriteOptions append;
  append.mode = WriteMode::kAppend;
  Write(Trips(), "t.lance", session_, append);
  const std::string rows = std::to_string(kRows), twice = std::to_string(2 * kRows);
  EXPECT_EQ(One("SELECT count(*) FROM lance_scan('t.lance')"), twice);
  EXPECT_EQ(One("SELECT count(*) FROM lance_scan('t.lance', version := 1)"), rows);
  EXPECT_EQ(One("SELECT count(*) FROM lance_scan('t.lance', version := '1') WHERE id >= 0"), rows);
  EXPECT_EQ(One("SELECT max(_rowid) FROM lance_scan('t.lance', with_row_id := true)"),
            std::to_string((uint64_t{1} << 32) + kRows - 1));
  EXPECT_EQ(One("SELECT id FROM lance_scan('t.lance', with_row_address := true) "
                "WHERE _rowaddr = 4294967303"),
            "7");
  EXPECT_EQ(engine_->TakeScans().back().rows_scanned, 1);
  EXPECT_NE(Failure("SELECT * FROM lance_scan('t.lance', version := 9)").find("9"),
            std::string::npos);
}

struct TypeCase {
  std::shared_ptr<arrow::DataType> type;
  const char* json;
  const char* sql;   // of a row's value, as text
  const char* text;  // of the first row
};

TEST_F(Sql, EveryTypeArrives) {
  const std::vector<TypeCase> cases = {
      {arrow::boolean(), "[true, null, false]", "v", "true"},
      {arrow::int8(), "[-128, null, 127]", "v", "-128"},
      {arrow::uint16(), "[65535, null, 0]", "v", "65535"},
      {arrow::uint64(), "[18446744073709551615, null, 0]", "v", "18446744073709551615"},
      {arrow::float16(), "[1.5, null, 0]", "v", "1.5"},
      {arrow::float32(), "[1.5, null, 0]", "v", "1.5"},
      {arrow::float64(), "[-2.25, null, 0]", "v", "-2.25"},
      {arrow::utf8(), R"(["häß", null, ""])", "v", "häß"},
      {arrow::large_utf8(), R"(["a string that is longer than twelve", null, ""])", "v",
       "a string that is longer than twelve"},
      {arrow::binary(), R"(["abc", null, ""])", "v", "abc"},
      {arrow::large_binary(), R"(["abc", null, ""])", "octet_length(v)", "3"},
      {arrow::fixed_size_binary(3), R"(["abc", null, "def"])", "v", "abc"},
      {arrow::date32(), "[18000, null, 0]", "v", "2019-04-14"},
      {arrow::date64(), "[86400000, null, 0]", "v::DATE", "1970-01-02"},
      {arrow::time32(arrow::TimeUnit::SECOND), "[3661, null, 0]", "v", "01:01:01"},
      {arrow::time64(arrow::TimeUnit::MICRO), "[1500000, null, 0]", "v", "00:00:01.5"},
      {arrow::timestamp(arrow::TimeUnit::SECOND), "[\"2020-01-02 03:04:05\", null, null]", "v",
       "2020-01-02 03:04:05"},
      {arrow::timestamp(arrow::TimeUnit::NANO), "[\"2020-01-02 03:04:05\", null, null]", "v",
       "2020-01-02 03:04:05"},
      {arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[\"2020-01-02 03:04:05\", null, null]",
       "epoch(v)::BIGINT", "1577934245"},
      {arrow::duration(arrow::TimeUnit::SECOND), "[90, null, 0]", "v", "00:01:30"},
      {arrow::decimal128(10, 2), R"(["12.34", null, "0.00"])", "v", "12.34"},
      {arrow::decimal256(20, 2), R"(["12.34", null, "0.00"])", "v", "12.34"},
      {arrow::decimal256(60, 1), R"(["12.3", null, "0.0"])", "v", "12.3"},
      {arrow::list(arrow::int32()), "[[1, null, 3], null, []]", "v", "[1, NULL, 3]"},
      {arrow::large_list(arrow::utf8()), R"([["a", "b"], null, []])", "v", "[a, b]"},
      {arrow::fixed_size_list(arrow::float32(), 2), "[[1, 2], [3, 4], [5, 6]]", "v", "[1.0, 2.0]"},
      {arrow::fixed_size_list(arrow::float16(), 2), "[[1, 2], [3, 4], [5, 6]]", "v[2]", "2.0"},
      {arrow::struct_(
           {arrow::field("a", arrow::int64()), arrow::field("b", arrow::list(arrow::utf8()))}),
       R"([{"a": 1, "b": ["x"]}, {"a": null, "b": null}, {"a": 2, "b": []}])", "v.b[1]", "x"},
      {arrow::list(arrow::struct_({arrow::field("a", arrow::int64())})),
       R"([[{"a": 1}, {"a": 2}], null, []])", "v[2].a", "2"},
      {arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["x", null, "y"])", "v", "x"},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    const TypeCase& one = cases[i];
    auto values = arrow::json::ArrayFromJSONString(one.type, one.json);
    ASSERT_TRUE(values.ok()) << one.type->ToString() << ": " << values.status().ToString();
    const auto rows = arrow::RecordBatch::Make(arrow::schema({arrow::field("v", one.type)}),
                                               (*values)->length(), {*values});
    const std::string name = "table" + std::to_string(i);
    engine_->Register(name, Write(rows, name, session_));
    const auto found = Ask(std::string("SELECT (") + one.sql + ")::VARCHAR AS s, v FROM " + name);
    ASSERT_NE(found, nullptr) << one.type->ToString();
    EXPECT_EQ(found->column(0)->GetScalar(0).ValueOrDie()->ToString(), one.text)
        << one.type->ToString();
    EXPECT_EQ(found->column(1)->null_count(), (*values)->null_count()) << one.type->ToString();
  }
}

TEST_F(Sql, ResultsStream) {
  const auto begin = std::chrono::steady_clock::now();
  auto reader = engine_->Run("SELECT * FROM range(100000000000)").ValueOrDie();
  const auto batch = reader->Next().ValueOrDie();
  EXPECT_EQ(batch->num_rows(), 8192);
  reader.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST_F(Sql, AStopEndsAStatementSoon) {
  arrow::StopSource source;
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    source.RequestStop();
  });
  const auto begin = std::chrono::steady_clock::now();
  auto reader = engine_->Run(
      "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b", source.token());
  const arrow::Status status = reader.ok() ? (*reader)->ToTable().status() : reader.status();
  EXPECT_TRUE(status.IsCancelled()) << status.ToString();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(Sql, SaysWhatIsWrong) {
  EXPECT_NE(Failure("SELEC 1").find("syntax error"), std::string::npos);
  EXPECT_NE(Failure("SELECT nothing FROM range(3)").find("nothing"), std::string::npos);
  EXPECT_NE(Failure("SELECT * FROM nowhere").find("nowhere"), std::string::npos);
  EXPECT_NE(Failure("SELECT * FROM 'nowhere.lance'").find("nowhere.lance"), std::string::npos);
  EXPECT_NE(Failure("").find("no statement"), std::string::npos);
  EXPECT_NE(Failure("SELECT 9223372036854775807::HUGEINT * 4 AS big").find("big"),
            std::string::npos);
}

TEST_F(Sql, StatementsFollowEachOther) {
  EXPECT_EQ(One("CREATE TEMP TABLE n AS SELECT 41 AS x; UPDATE n SET x = x + 1; SELECT x FROM n"),
            "42");
}

}  // namespace
}  // namespace lancea
