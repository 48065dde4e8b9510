/* Faults that the virtual machine turns into exceptions, and those that it dies of. */
public class Faults {
    static class Box {
        int value;
    }

    static int depth;

    static void recurse() {
        depth++;
        recurse();
    }

    static int readNothing(int times) {
        Box[] boxes = {new Box(), null};
        int caught = 0;
        for (int i = 0; i < times; i++) {
            try {
                caught += boxes[i & 1].value;
            } catch (NullPointerException e) {
                caught++;
            }
        }
        return caught;
    }

    static int overflow(int times) {
        int caught = 0;
        for (int i = 0; i < times; i++) {
            try {
                recurse();
            } catch (StackOverflowError e) {
                caught++;
            }
        }
        return caught;
    }

    static void writeWild() throws Exception {
        java.lang.reflect.Field field = Class.forName("sun.misc.Unsafe").getDeclaredField("theUnsafe");
        field.setAccessible(true);
        ((sun.misc.Unsafe) field.get(null)).putAddress(8, 1);
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("recover")) {
            System.out.println(readNothing(1000000) + " " + overflow(20));
            Thread thread = new Thread(() -> System.out.println("in a thread " + overflow(5)));
            thread.start();
            thread.join();
        } else if (arguments[0].equals("crash")) {
            writeWild();
        } else if (arguments[0].equals("stop")) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("in a shutdown hook")));
            new ProcessBuilder("kill", "-" + arguments[1], "" + ProcessHandle.current().pid()).start();
            Thread.sleep(60000);
        } else {
            System.exit(3);
        }
    }
}
