-- How many reports pass each rule, fail it, or cannot be checked by it; the field in braces has the columns of reports to count
-- apart by.
WITH of_each AS (
  SELECT rule, agency, year,
    count(*) FILTER (status = 'fail' AND decision IS DISTINCT FROM 'dismissed') AS failed,
    bool_or(status = 'not_assessable' AND decision IS DISTINCT FROM 'dismissed') AS undecided
  FROM findings GROUP BY ALL
)
SELECT rules.rule, rules.severity{groups},
  count(*) AS reports,
  count(*) FILTER (failed = 0 AND NOT undecided) AS pass,
  count(*) FILTER (failed > 0) AS fail,
  count(*) FILTER (failed = 0 AND undecided) AS not_assessable,
  sum(failed) AS failures,
  fail / nullif(pass + fail, 0) AS failure_rate,
  fail / count(*) AS low,
  (fail + not_assessable) / count(*) AS high
FROM of_each
JOIN reports ON reports.agency = of_each.agency AND reports.year = of_each.year AND reports.chosen
JOIN rules ON rules.rule = of_each.rule
GROUP BY rules.position, rules.rule, rules.severity{groups}
ORDER BY rules.position{groups}
