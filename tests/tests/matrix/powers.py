# Writes files of constant expressions, the same wherever it runs: folded by the compiler, with the C library's `pow`.
import os, random, sys

folder = sys.argv[1]
numbers = random.Random(7)


def number():
    return repr(round(numbers.uniform(-50, 50), numbers.randint(0, 6)))


def positive():
    return number().lstrip("-")


def complex_number():
    return "(%s+%sj)" % (number(), positive())


def write(kind, expressions):
    os.makedirs(os.path.join(folder, kind), exist_ok=True)
    for part in range(50):
        with open(os.path.join(folder, kind, "m%d.py" % part), "w") as file:
            file.writelines("x = %s\n" % expressions[numbers.randrange(len(expressions))]() for _ in range(100))


write(
    "real",
    [
        lambda: "(%s) ** %s" % (positive(), number()),
        lambda: "(%s) * (%s)" % (number(), number()),
        lambda: "(%s) / (%s1)" % (number(), number()),
        lambda: "%s * %s" % (complex_number(), complex_number()),
        lambda: "1e999 - 1e999",
    ],
)
write("complex", [lambda: "%s ** %s" % (complex_number(), complex_number())])
