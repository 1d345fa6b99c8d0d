package io.github.sparkfinetune.data.jinja.value;

import io.github.sparkfinetune.data.jinja.value.Values.Undefined;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;

/** Python's numbers: bool, int (more than 64 bits fail) and float. */
public final class Numbers {
    private Numbers() {}

    public static boolean isNumber(Object value) {
        return value instanceof Long
                || value instanceof Double
                || value instanceof Boolean
                || value instanceof BigInteger;
    }

    /** Returns a value that must be an integer. */
    public static long integer(Object value) {
        if (value instanceof Long integer) {
            return integer;
        } else if (value instanceof Boolean bool) {
            return bool ? 1 : 0;
        } else if (value instanceof Undefined undefined) {
            throw undefined.fault();
        } else if (value instanceof BigInteger) {
            throw tooLarge();
        }
        throw new TemplateFault("an int is expected, not '" + Values.typeName(value) + "'");
    }

    /** Converts a number to a float. */
    public static double real(Object value) {
        return value instanceof Number number ? number.doubleValue() : integer(value);
    }

    public static TemplateFault tooLarge() {
        return new TemplateFault("arithmetic on integers of more than 64 bits is not supported");
    }

    /** Returns {@code a operator b} of two numbers, for {@code + - * / // % **}. */
    public static Object calculate(String operator, Object a, Object b) {
        if (operator.equals("/")) {
            return quotient(real(a), real(b));
        } else if (a instanceof Double || b instanceof Double) {
            return real(operator, real(a), real(b));
        }
        try {
            return integer(operator, integer(a), integer(b));
        } catch (ArithmeticException e) {
            throw tooLarge();
        }
    }

    private static double quotient(double a, double b) {
        if (b == 0) {
            throw new TemplateFault("division by zero");
        }
        return a / b;
    }

    private static double real(String operator, double a, double b) {
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "//" -> Math.floor(quotient(a, b));
            case "%" -> {
                quotient(a, b);
                double rest = a % b;
                yield rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
            }
            default -> {
                if ((a == 0 && b < 0) || (a < 0 && b != Math.rint(b))) {
                    throw new TemplateFault("a power has no real value");
                }
                yield Math.pow(a, b);
            }
        };
    }

    private static Object integer(String operator, long a, long b) {
        return switch (operator) {
            case "+" -> Math.addExact(a, b);
            case "-" -> Math.subtractExact(a, b);
            case "*" -> Math.multiplyExact(a, b);
            case "//" -> {
                quotient(1, (double) b);
                yield b == -1 ? Math.negateExact(a) : Math.floorDiv(a, b);
            }
            case "%" -> {
                quotient(1, (double) b);
                yield Math.floorMod(a, b);
            }
            default -> b < 0 ? (Object) real(operator, (double) a, (double) b) : (Object) power(a, b);
        };
    }

    private static long power(long base, long exponent) {
        if (base == 0 || base == 1 || base == -1) {
            return base == -1 ? (exponent % 2 == 0 ? 1 : -1) : exponent == 0 ? 1 : base;
        } else if (exponent > Long.SIZE) {
            throw tooLarge();
        }
        return BigInteger.valueOf(base).pow((int) exponent).longValueExact();
    }

    /** Returns Python's {@code repr} of a float: the fewest digits that parse to the same float. */
    public static String shown(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        } else if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        } else if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal exact = new BigDecimal(value);
        BigDecimal shortest = exact;
        for (int digits = 1; digits <= 17; digits++) {
            shortest = exact.round(new MathContext(digits, java.math.RoundingMode.HALF_EVEN));
            if (shortest.doubleValue() == value) {
                break;
            }
        }
        shortest = shortest.stripTrailingZeros();
        String digits = shortest.unscaledValue().abs().toString();
        int exponent = digits.length() - 1 - shortest.scale();
        String sign = value < 0 ? "-" : "";
        if (exponent < -4 || exponent >= 16) {
            return sign + digits.charAt(0) + (digits.length() > 1 ? "." + digits.substring(1) : "") + "e"
                    + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
        }
        String plain = shortest.abs().toPlainString();
        return sign + plain + (plain.contains(".") ? "" : ".0");
    }
}
