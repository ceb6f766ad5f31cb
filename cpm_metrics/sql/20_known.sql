-- The datasets that are read with a child's periods of care, as they stood on the as-at date (the others: 00_known.sql).

-- One row: a placement within a period of care, with the one before it.
CREATE TABLE placements_of_care AS
SELECT p.care_started, p.care_ceased, pl.*,
    max(pl.placement_start) OVER (
        PARTITION BY p.child_id, p.care_started ORDER BY pl.placement_start
        RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 DAY PRECEDING
    ) AS previous_start
FROM placements_known pl
JOIN periods p
  ON p.child_id = pl.child_id AND pl.placement_start >= p.care_started
 AND (p.care_ceased IS NULL OR pl.placement_start <= p.care_ceased);

-- One row: a legal status of a child with its end (a blank end is the start of the next one), from legal statuses and, where
-- it isn't there, from the case's own columns (a blank start there is the start of care).
CREATE TABLE legal_known AS
WITH told AS (
    SELECT child_id, legal_status, legal_code, legal_status_start, upto(legal_status_end) AS legal_status_end, source, row
    FROM snap.legal_statuses WHERE legal_status_start <= as_at()
    UNION ALL
    SELECT child_id, legal_status, legal_code, coalesce(legal_status_start, care_started), care_ceased, source, row
    FROM (SELECT k.*, c.legal_status_start AS written, c.care_ceased AS ends FROM children k JOIN snap.cases c USING (source, row)) k
    WHERE legal_status IS NOT NULL AND NOT EXISTS (
        FROM snap.legal_statuses l
        WHERE l.child_id = k.child_id AND (l.legal_code = k.legal_code OR l.legal_status = k.legal_status)
          -- With no start written, the history says when it began, be it after the as-at date.
          AND (l.legal_status_start = k.written OR (k.written IS NULL AND l.legal_status_start >= k.care_started AND (k.ends IS NULL OR l.legal_status_start <= k.ends)))
    )
)
SELECT * EXCLUDE (legal_status_end),
    coalesce(legal_status_end, min(legal_status_start) OVER (
        PARTITION BY child_id ORDER BY legal_status_start
        RANGE BETWEEN INTERVAL 1 DAY FOLLOWING AND UNBOUNDED FOLLOWING
    )) AS legal_status_end
FROM told;

-- One row: a day with a significant change, in a period of care. Without the dataset, a move to another placement is one: not the
-- placement that the period itself began with, though another period may have ended on that day.
CREATE TABLE changes_known AS
SELECT child_id, care_started, care_ceased, change_date, string_agg(DISTINCT change, '; ' ORDER BY change) AS change
FROM (
    SELECT p.child_id, p.care_started, p.care_ceased, c.change_date, c.change
    FROM snap.changes c
    JOIN periods p
      ON p.child_id = c.child_id AND c.change_date >= p.care_started
     AND (p.care_ceased IS NULL OR c.change_date <= p.care_ceased)
    WHERE c.change_date <= as_at()
    UNION ALL
    SELECT child_id, care_started, care_ceased, placement_start, 'moved to another placement'
    FROM placements_of_care WHERE NOT is_loaded('changes') AND placement_start > care_started
)
GROUP BY ALL;
