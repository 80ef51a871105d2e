/** Makes a table `slow`: COMMIT of a transaction that wrote `seconds` into it takes so long. */
export const SLOW_COMMIT = `
  CREATE TABLE slow (seconds float8);
  CREATE FUNCTION wait() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(NEW.seconds); RETURN NULL; END' LANGUAGE plpgsql;
  CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()`;
