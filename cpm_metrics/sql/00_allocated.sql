-- One row: an allocation that had begun by the as-at date.
CREATE TABLE allocations_known AS
SELECT * EXCLUDE (allocation_end), upto(allocation_end) AS allocation_end
FROM snap.allocations WHERE allocation_start <= as_at();

-- One row: from this day to that, this is the child's team and worker. Where allocations overlap, the one begun last; in a gap,
-- the last one before it; before them all, the first. Every day is in exactly one row of the child.
CREATE TABLE allocated_from AS
WITH turning AS (
    SELECT child_id, allocation_start AS from_day FROM allocations_known
    UNION
    SELECT child_id, allocation_end + 1 FROM allocations_known WHERE allocation_end IS NOT NULL
),
spans AS (
    SELECT child_id, from_day, row_number() OVER child > 1 AS later, lead(from_day) OVER child - 1 AS to_day
    FROM turning WINDOW child AS (PARTITION BY child_id ORDER BY from_day)
),
held AS (
    SELECT t.child_id, t.from_day, t.later, t.to_day,
        first({'team': a.team, 'worker': a.worker} ORDER BY
            coalesce(a.allocation_end, DATE '9999-12-31') >= t.from_day DESC, a.allocation_start DESC,
            a.allocation_end DESC NULLS FIRST, a.team, a.worker) AS owner
    FROM spans t
    JOIN allocations_known a ON a.child_id = t.child_id AND a.allocation_start <= t.from_day
    GROUP BY ALL
)
SELECT child_id, CASE WHEN later THEN from_day ELSE DATE '0001-01-01' END AS from_day, coalesce(to_day, DATE '9999-12-31') AS to_day,
    owner.team, owner.worker
FROM held;
