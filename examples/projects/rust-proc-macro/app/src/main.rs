fn main() {
    print!("{}", answer::count!(a b c + d));
}
