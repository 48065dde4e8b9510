// A program in C++ with several bugs, one for each argument: templates, lambdas, virtual calls, exceptions, threads.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace shop {

struct Item {
    std::string name;
    int price = 0;
    const Item *part = nullptr;
    int deep() const {
        return part->price + price;
    }
};

struct NotFound : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Rule {
  public:
    virtual ~Rule() {
        settle();
    }
    void settle() {
        apply(0);
    }
    virtual int apply(int price) = 0;
};

class Discount : public Rule {
  public:
    explicit Discount(const Item *item) : item_(item) {
    }
    int apply(int price) override {
        return price - item_->price;
    }

  private:
    const Item *item_;
};

template <class Key> class Stock {
  public:
    void put(const Key &key, const Item &item) {
        items_[key] = item;
    }
    const Item &get(const Key &key) const {
        auto found = items_.find(key);
        if (found == items_.end())
            throw NotFound("no such item");
        return found->second;
    }
    template <class Visit> void visit(Visit visit) const {
        for (const auto &pair : items_)
            visit(pair.second);
    }

  private:
    std::map<Key, Item> items_;
};

int price_at(const std::vector<Item> &items, std::size_t index) {
    return items.at(index).price;
}

int sum(const std::vector<Item> &items, std::size_t count) {
    int total = 0;
    for (std::size_t i = 0; i < count; i++)
        total += price_at(items, i);
    return total;
}

void sort_by_part(std::vector<Item> &items) {
    std::sort(items.begin(), items.end(), [](const Item &a, const Item &b) { return a.deep() < b.deep(); });
}

template <class Number> Number parse(const char *text) {
    Number value{};
    for (; *text; ++text)
        value = value * 10 + static_cast<Number>(*text - '0');
    return value;
}

int parse_all(const std::vector<const char *> &texts) {
    int total = 0;
    for (const char *text : texts)
        total += parse<int>(text);
    return total;
}

double parse_prices(const std::vector<const char *> &texts) {
    double total = 0;
    for (const char *text : texts)
        total += parse<double>(text);
    return total;
}

} // namespace shop

static const char *volatile no_text;

int main(int argc, char **argv) {
    using namespace shop;
    const std::string bug = argc > 1 ? argv[1] : "";
    std::vector<Item> items(20);
    Stock<int> by_number;
    Stock<std::string> by_name;

    if (bug == "at")
        std::printf("%d\n", sum(items, 21));
    if (bug == "number")
        std::printf("%d\n", by_number.get(argc).price);
    if (bug == "name")
        std::printf("%d\n", by_name.get(bug).price);
    if (bug == "sort")
        sort_by_part(items);
    if (bug == "visit") {
        by_number.put(1, items[0]);
        by_number.visit([](const Item &item) { std::printf("%d\n", item.deep()); });
    }
    if (bug == "virtual") {
        std::unique_ptr<Discount> rule(new Discount(reinterpret_cast<const Item *>(no_text)));
        std::printf("%d\n", rule->apply(3));
    }
    if (bug == "pure")
        std::unique_ptr<Rule> rule(new Discount(&items[0]));
    if (bug == "parse-int")
        std::printf("%d\n", parse_all({no_text}));
    if (bug == "parse-double")
        std::printf("%f\n", parse_prices({no_text}));
    if (bug == "function") {
        std::function<int(int)> nothing;
        std::printf("%d\n", nothing(3));
    }
    if (bug == "thread")
        std::thread([&] { std::printf("%d\n", price_at(items, 99)); }).join();
    return 0;
}
