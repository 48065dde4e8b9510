/* victim: -O2 -fPIC */
/* No victim, but a library full of templates, lambdas and inlines for the tests of symbols. */
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace shop {
namespace {
struct Item {
    int price;
    std::string name;
    bool operator<(const Item &other) const {
        return price < other.price || (price == other.price && name < other.name);
    }
};

int total(const std::vector<Item> &items) {
    int sum = 0;
    for (const auto &item : items)
        sum += item.price;
    return sum;
}

template <typename T> T doubled(T value) {
    return value + value;
}
} // namespace

class Basket {
  public:
    void add(const std::string &name, int price) {
        items.push_back(Item{price, name});
        std::sort(items.begin(), items.end());
        by_name[name] = std::make_shared<Item>(items.back());
    }
    int sum(const std::function<int(int)> &discount) const {
        return discount(total(items)) + doubled(static_cast<int>(by_name.size()));
    }

  private:
    std::vector<Item> items;
    std::map<std::string, std::shared_ptr<Item>> by_name;
};
} // namespace shop

extern "C" int templates_run(int count) {
    shop::Basket basket;
    for (int i = 0; i < count; i++)
        basket.add(std::to_string(i), i * 3);
    auto discount = [count](int sum) { return sum - count; };
    return basket.sum(discount);
}
