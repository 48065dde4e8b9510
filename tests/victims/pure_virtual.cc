// A virtual function that is not there yet is called from a constructor.
struct Base {
    Base() {
        call();
    }
    void call() {
        missing();
    }
    virtual void missing() = 0;
};

struct Derived : Base {
    void missing() override {
    }
};

int main() {
    Derived derived;
}
